/** Each threshold of the rules, from both sides, as Prometheus computes it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DEFAULT_RUNBOOKS, GROUPS, isAlerting, ruleFile } from '../../src/index.js';
import { OF_AGENT } from './agent.js';
import { OF_COLLECTOR } from './collector.js';
import { OF_HYPERCALLS } from './hypercalls.js';
import { OF_KAFKA } from './kafka.js';
import type { Series, Threshold } from './threshold.js';

/** Thresholds as figures that the rules are not made of: a rule whose threshold is changed fails. */
const THRESHOLDS = [...OF_HYPERCALLS, ...OF_AGENT, ...OF_COLLECTOR, ...OF_KAFKA];

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tcewatch-thresholds-'));
  writeFileSync(join(folder, 'rules.yaml'), ruleFile(GROUPS, DEFAULT_RUNBOOKS));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Whether the alert fires in a minute, as a test of promtool. */
function expectation({ alert, labels }: Threshold, minute: number, fires: boolean) {
  const { severity, cause = '', real_mode: realMode = '' } = labels;
  const of = `alertname="${alert}",alertstate="firing",severity="${severity ?? ''}",cause="${cause}",real_mode="${realMode}"`;
  return {
    expr: `count(ALERTS{${of}}) > 0 or vector(0)`,
    eval_time: `${minute}m`,
    exp_samples: [{ labels: '{}', value: fires ? 1 : 0 }],
  };
}

function tests(threshold: Threshold): object[] {
  const series = (of: Series) => Object.entries(of).map(([name, values]) => ({ series: name, values }));
  const { fires, calm, inMinute } = threshold;
  return [
    {
      name: 'just enough',
      interval: '1m',
      input_series: series(fires),
      promql_expr_test: [expectation(threshold, inMinute - 1, false), expectation(threshold, inMinute, true)],
    },
    {
      name: 'just not enough',
      interval: '1m',
      input_series: series(calm),
      promql_expr_test: [0, 1, 2, 5].map((later) => expectation(threshold, inMinute + later, false)),
    },
  ];
}

describe.skipIf(!hasPromtool)('the thresholds', () => {
  it.each(THRESHOLDS.map((threshold) => [threshold.alert, threshold.what, threshold] as const))(
    '%s: %s',
    (alert, _, threshold) => {
      const file = join(folder, `${alert}.test.yaml`);
      writeFileSync(
        file,
        stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: tests(threshold) }),
      );
      const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
      expect(status, stdout + stderr).toBe(0);
    },
  );
});

/** Alerts on anything that was counted at all, which have no figure; dashboards/test/rules has rows for them. */
const COUNTED = ['TceCountsIncomplete', 'TceAgentBatchesLost', 'TceDecodeFailures', 'TceNotificationsLost'];
const COUNTED_BY_KAFKA = ['TceRecordsSkipped', 'TceDeadLetters'];

it('are of each alerting rule that has a figure', () => {
  const key = ({
    alert,
    severity = '',
    cause = '',
  }: {
    alert: string;
    severity?: string | undefined;
    cause?: string | undefined;
  }) => `${alert} ${severity} ${cause}`;
  const rules = GROUPS.flatMap((group) => group.rules).filter(isAlerting);
  const known = new Set(THRESHOLDS.map(({ alert, labels }) => key({ alert, ...labels })));
  const without = rules.filter((rule) => !known.has(key(rule))).map(({ alert }) => alert);
  expect([...new Set(without)].sort()).toEqual([...COUNTED, ...COUNTED_BY_KAFKA].sort());
});
