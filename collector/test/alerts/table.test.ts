/** What other places say of the alerts is what the table says. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { detector, policyOf } from '../../src/alerts/config.js';
import { DEFAULT_RULES } from '../../src/alerts/rules.js';
import { ALERTS, ALERT_NAMES } from '../../src/alerts/table.js';
import { CONFIG_ROWS } from '../../src/config/index.js';

const file = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const guide = file('docs/guides/alerts.md');
const aboutVms = ALERTS.filter(({ subject }) => subject === 'vm').map(({ name }) => name);

describe('the guide', () => {
  it('has a row for each alert', () => {
    const rows = [...guide.matchAll(/^\| `(Tce\w+)` +\| (.*?) +\| (.*?) +\|$/gm)].map(([, ...cells]) => cells);
    expect(rows).toEqual(
      ALERTS.map(({ name, subject, meaning }) => [name, subject === 'vm' ? 'a VM' : 'a host', meaning]),
    );
  });

  it('tells the thresholds that hold where none is set', () => {
    const told = [...guide.replaceAll(/\s+/g, ' ').matchAll(/`(?:detector\.)?(\w+)` \((\d+)( %| s| days|)\)/g)];
    const values = Object.fromEntries(told.map(([, name = '', value, unit = '']) => [name, [Number(value), unit]]));
    const { minShare, clearShare, criticalShare, minRate, minRateBlind } = DEFAULT_RULES;
    const { forNs, keepFiringForNs, silentAfterNs, forgetAfterNs } = DEFAULT_RULES;
    const seconds = (ns: bigint) => Number(ns) / 1e9;
    expect(values).toEqual({
      minShare: [100 * minShare, ' %'],
      clearShare: [100 * clearShare, ' %'],
      criticalShare: [100 * criticalShare, ' %'],
      minRate: [minRate, ''],
      minRateBlind: [minRateBlind, ''],
      for: [seconds(forNs), ' s'],
      keepFiringFor: [seconds(keepFiringForNs), ' s'],
      silentAfter: [seconds(silentAfterNs), ' s'],
      forgetAfter: [seconds(forgetAfterNs) / 86_400, ' days'],
    });
  });
});

it.each(['docs/guides/alertmanager.md', 'deploy/alertmanager/alertmanager.yml'])(
  'inhibits the alerts about VMs of a host that several claim: %s',
  (path) => {
    expect(file(path)).toContain(`target_matchers: [alertname =~ "${aboutVms.join('|')}"]`);
  },
);

it.each(ALERTS)('has a runbook for $name, and settings that exist', ({ name, settings }) => {
  expect(existsSync(new URL(`../../../docs/runbooks/${name}.md`, import.meta.url))).toBe(true);
  const paths = CONFIG_ROWS.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining([...settings]));
});

it('names no alert twice', () => {
  expect(new Set(ALERT_NAMES).size).toBe(ALERTS.length);
});

it('has rules for which the configuration has the same defaults', () => {
  expect(policyOf(detector.parse({})).rulesOf('any')).toEqual(DEFAULT_RULES);
});
