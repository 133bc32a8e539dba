import { ALERTS, ALERT_NAMES, CAUSES } from '@tcewatch/collector';
import { describe, expect, it } from 'vitest';
import { GROUPS, HEALTH_ALERTS, isAlerting } from '../src/index.js';
import { markdownFiles, readMarkdown } from './markdown.js';

const SECTIONS = ['What it means', 'What users feel', 'Confirm by hand', 'Causes', 'How to silence'];

const rules = GROUPS.flatMap((group) => group.rules).filter(isAlerting);
const alerts = [...ALERT_NAMES, ...HEALTH_ALERTS].sort();

describe('the rules', () => {
  it('raise alerts of the two tables, and no other', () => {
    const known: readonly string[] = alerts;
    expect(rules.map(({ alert }) => alert).filter((alert) => !known.includes(alert))).toEqual([]);
  });

  it('raise each alert that no other table has', () => {
    const raised = new Set<string>(rules.map(({ alert }) => alert));
    const ofDetector = new Set<string>(ALERT_NAMES);
    expect(HEALTH_ALERTS.filter((alert) => !raised.has(alert) || ofDetector.has(alert))).toEqual([]);
  });

  it("give the collector's alerts severities that they have", () => {
    const severities = new Map<string, readonly string[]>(ALERTS.map((row) => [row.name, row.severities]));
    const wrong = rules.filter(({ alert, severity }) => severities.get(alert)?.includes(severity) === false);
    expect(wrong.map(({ alert, severity }) => [alert, severity])).toEqual([]);
  });
});

describe('the runbooks', () => {
  it('are one for each alert of the detector and of the rules, and no other', () => {
    const runbooks = markdownFiles().filter((path) => path.startsWith('docs/runbooks/'));
    expect(runbooks.sort()).toEqual(alerts.map((alert) => `docs/runbooks/${alert}.md`));
  });

  it.each(alerts)('have each section: %s', (alert) => {
    const { headings } = readMarkdown(`docs/runbooks/${alert}.md`);
    expect(headings.filter(({ depth }) => depth === 1).map(({ text }) => text)).toEqual([alert]);
    expect(headings.filter(({ depth }) => depth === 2).map(({ text }) => text)).toEqual(SECTIONS);
    expect(headings.filter(({ depth }) => depth === 3)).not.toEqual([]);
  });

  it.each(ALERT_NAMES)('have a section for each cause of the detector: %s', (alert) => {
    const { headings } = readMarkdown(`docs/runbooks/${alert}.md`);
    const anchors = headings.filter(({ depth }) => depth === 3).map(({ anchor }) => anchor);
    expect(anchors.sort()).toEqual(CAUSES[alert].map(({ code }) => code).sort());
  });

  it.each(rules.flatMap(({ alert, cause }) => (cause === undefined ? [] : [[alert, cause]])))(
    'have a section for the cause that a rule tells: %s %s',
    (alert, cause) => {
      const { headings } = readMarkdown(`docs/runbooks/${alert}.md`);
      expect(headings.filter(({ depth }) => depth === 3).map(({ anchor }) => anchor)).toContain(cause);
    },
  );
});
