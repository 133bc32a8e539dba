import { describe, expect, it } from 'vitest';
import { programMetrics } from '@tcewatch/reference';
import { GROUPS, isAlerting } from '../src/index.js';

const { agent, collector } = programMetrics();
const rules = GROUPS.flatMap((group) => group.rules);
const recorded = rules.flatMap((rule) => (isAlerting(rule) ? [] : [rule.record]));

/** Names of metrics, those of recording rules included. */
function named(expr: string): string[] {
  return expr.match(/\b(?:[a-z_]+:tcewatch_\w+:\w+|tcewatch_\w+)\b/g) ?? [];
}

describe('the rules', () => {
  const exported = [...agent, ...collector].map(({ name }) => name);

  it.each(rules.map((rule) => [isAlerting(rule) ? rule.alert : rule.record, rule.expr]))(
    'name only metrics that a program exports: %s',
    (_, expr) => {
      const unknown = named(expr).filter((name) => ![...exported, ...recorded].includes(name));
      expect(unknown).toEqual([]);
    },
  );

  it('use each metric that is recorded', () => {
    const used = new Set(rules.flatMap(({ expr }) => named(expr)));
    expect(recorded.filter((name) => !used.has(name))).toEqual([]);
  });

  it('select by labels that the metric has', () => {
    const labelsOf = new Map([...agent, ...collector].map(({ name, labels }) => [name, labels]));
    for (const { expr } of rules) {
      for (const [, name = '', selector = ''] of expr.matchAll(/\b(tcewatch_\w+)\{([^}]*)\}/g)) {
        const selected = [...selector.matchAll(/(\w+)\s*[=!]~?/g)].map(([, label]) => label);
        expect(labelsOf.get(name), name).toEqual(expect.arrayContaining(selected));
      }
    }
  });
});
