import { ALERT_NAMES, CAUSES } from '@tcewatch/collector';
import { describe, expect, it } from 'vitest';
import { GROUPS, isAlerting } from '../src/index.js';
import { markdownFiles, readMarkdown } from './markdown.js';

const SECTIONS = ['What it means', 'What users feel', 'Confirm by hand', 'Causes', 'How to silence'];

const rules = GROUPS.flatMap((group) => group.rules).filter(isAlerting);
const alerts = [...new Set([...ALERT_NAMES, ...rules.map(({ alert }) => alert)])].sort();

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
