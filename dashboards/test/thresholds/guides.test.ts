/** The thresholds that the guides name are the detector's defaults. */
import { readFileSync } from 'node:fs';
import { DEFAULT_RULES } from '@tcewatch/collector';
import { expect, it } from 'vitest';

const share = (value: number): string => `${Math.round(value * 100)} %`;
const seconds = (ns: bigint): string => `${ns / 1_000_000_000n} s`;

const rules = DEFAULT_RULES;
const DEFAULTS: Readonly<Record<string, string>> = {
  minShare: share(rules.minShare),
  clearShare: share(rules.clearShare),
  criticalShare: share(rules.criticalShare),
  minRate: String(rules.minRate),
  minRateBlind: String(rules.minRateBlind),
  for: seconds(rules.forNs),
  keepFiringFor: seconds(rules.keepFiringForNs),
  silentAfter: seconds(rules.silentAfterNs),
  forgetAfter: `${rules.forgetAfterNs / 86_400_000_000_000n} days`,
};

function guide(name: string): string {
  return readFileSync(new URL(`../../../docs/guides/${name}.md`, import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');
}

it('names each setting with its default in the guide to alerts', () => {
  const named = [...guide('alerts').matchAll(/`detector\.(\w+)` \(([^)]+)\)/g)].map(([, name, value]) => [name, value]);
  expect(Object.fromEntries(named)).toEqual(DEFAULTS);
});

it('has the shares and rates of the rules in the guide to Prometheus', () => {
  const { minShare, criticalShare, minRateBlind } = DEFAULTS;
  const text = guide('prometheus');
  expect(text).toContain(`${minShare} (\`warning\`) or ${criticalShare} (\`critical\`) of a VM's calls`);
  expect(text).toContain(`${minRateBlind} punts a second are needed`);
});
