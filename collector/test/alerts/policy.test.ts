import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { loadCollectorConfig, policyOf } from '../../src/config/index.js';
import { DEFAULT_RULES, createDetector, createPolicy } from '../../src/alerts/index.js';
import type { Exceptions } from '../../src/alerts/index.js';

const at = (uptime: number): bigint => BOOTED_NS + BigInt(uptime) * SECOND;

/** Batches of a VM all of whose calls are punted, from 100 s on: it fires at 120 s. */
function run(exceptions: Exceptions, until = 200): string[] {
  const detector = createDetector(createPolicy(DEFAULT_RULES, exceptions));
  const events = [];
  for (let uptime = 100; uptime <= until; uptime += 10) {
    const calls = uptime * 100;
    const vms = [{ name: 'db-1', counts: { H_PUT_TCE: { entered: calls, punted: calls } } }];
    events.push(...detector.observe(batchOf({ uptime, vms })));
  }
  return events.map(({ state, atNs }) => `${state} at ${Number((atNs - BOOTED_NS) / SECOND)} s`);
}

describe('maintenance', () => {
  const fromNs = at(0);
  it('lets no new alert fire until it is over', () => {
    expect(run({})).toEqual(['firing at 120 s']);
    expect(run({ maintenance: [{ fromNs, untilNs: at(150) }] })).toEqual(['firing at 150 s']);
  });

  it('leaves alone an alert that fires already', () => {
    expect(run({ maintenance: [{ fromNs: at(130), untilNs: at(150) }] })).toEqual(['firing at 120 s']);
  });

  it.each([
    ['another host', { hosts: ['other*'] }, 'firing at 120 s'],
    ['another VM', { vms: ['web-*'] }, 'firing at 120 s'],
    ['this host', { hosts: ['x', 'h.*'] }, 'firing at 150 s'],
    ['this VM', { hosts: ['h*'], vms: ['db-?'] }, 'firing at 150 s'],
  ])('of %s', (_, selector, expected) => {
    expect(run({ maintenance: [{ fromNs, untilNs: at(150), ...selector }] })).toEqual([expected]);
  });
});

describe('overrides', () => {
  it('take the first that matches, and only it', () => {
    const policy = createPolicy(DEFAULT_RULES, {
      overrides: [
        { hosts: ['h1'], vms: ['a*'], rules: { minRate: 7 } },
        { hosts: ['h1'], rules: { minShare: 0.5 } },
        { vms: ['a*'], rules: { enabled: false } },
      ],
    });
    expect(policy.rulesOf('h1', 'ab')).toEqual({ ...DEFAULT_RULES, minRate: 7 });
    expect(policy.rulesOf('h1', 'b')).toEqual({ ...DEFAULT_RULES, minShare: 0.5 });
    expect(policy.rulesOf('h1')).toEqual({ ...DEFAULT_RULES, minShare: 0.5 });
    expect(policy.rulesOf('h2', 'a/.b').enabled).toBe(false);
    expect(policy.rulesOf('h2')).toBe(DEFAULT_RULES);
  });

  it('silence a VM', () => {
    expect(run({ overrides: [{ vms: ['db-*'], rules: { enabled: false } }] })).toEqual([]);
    expect(run({ overrides: [{ vms: ['db-*'], rules: { forNs: 40n * SECOND } }] })).toEqual(['firing at 150 s']);
  });
});

describe('the configuration', () => {
  const load = (detector: object) =>
    loadCollectorConfig({
      TCEWATCH_COLLECTOR_DETECTOR_OVERRIDES: JSON.stringify((detector as { overrides?: object }).overrides ?? []),
      TCEWATCH_COLLECTOR_DETECTOR_MAINTENANCE: JSON.stringify((detector as { maintenance?: object }).maintenance ?? []),
    });

  it('gives the default rules', () => {
    expect(policyOf(load({}).detector).rulesOf('h')).toEqual(DEFAULT_RULES);
  });

  it('gives overrides what they do not set from the rest', () => {
    const policy = policyOf(load({ overrides: [{ vms: ['a'], for: '5m', minRate: 20 }] }).detector);
    expect(policy.rulesOf('h', 'a')).toEqual({ ...DEFAULT_RULES, minRate: 20, forNs: 300n * SECOND });
  });

  it('takes times of maintenance with an offset', () => {
    const window = { from: '2026-11-22T14:00:00+02:00', until: '2026-11-22T13:00:00Z', hosts: ['h'] };
    const policy = policyOf(load({ maintenance: [window] }).detector);
    expect([-1, 0, 3599, 3600].map((uptime) => policy.isMaintained(at(uptime), 'h', 'a'))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it.each([
    [{ overrides: [{ minRate: 1 }] }, 'needs `hosts` or `vms`'],
    [{ overrides: [{ vms: ['a'], minShare: 0.01 }] }, 'must not be larger than minShare'],
    [{ overrides: [{ vms: [] }] }, 'vms'],
    [{ maintenance: [{ from: '2026-11-22T14:00:00Z', until: '2026-11-22T13:00:00Z' }] }, 'must be later than `from`'],
    [{ maintenance: [{ from: 'today', until: '2026-11-22T13:00:00Z' }] }, 'from'],
  ])('refuses %j', (detector, message) => {
    expect(() => load(detector)).toThrow(message);
  });
});
