import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import type { TestBatch } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RULES, createPolicy } from '../../../src/alerts/index.js';
import type { AlertEvent } from '../../../src/alerts/event.js';
import { SilenceWatch } from '../../../src/alerts/telemetry-silent/watch.js';
import type { Freshness } from '../../../src/alerts/telemetry-silent/watch.js';
import { firingAlert } from '../../events.js';

/** The collector's clock is years ahead of the hosts', as for a recording. */
const NOW = BOOTED_NS + 10_000_000n * SECOND;
const at = (seconds: number): bigint => NOW + BigInt(seconds) * SECOND;
const DAY = 86_400;

/** Silence at a time, with what is in the store besides. */
function setUp(watch = new SilenceWatch(), stored: Freshness[] = []) {
  const asked: number[] = [];
  return {
    watch,
    stored,
    asked,
    hear: (seconds: number, test: Partial<TestBatch> = {}) =>
      watch.observe([batchOf({ uptime: 1000 + seconds, vms: [], ...test })], at(seconds)),
    look: (seconds: number) =>
      watch.check(at(seconds), () => {
        asked.push(seconds);
        return Promise.resolve(stored);
      }),
  };
}

const told = (events: readonly AlertEvent[]) =>
  events.map(({ hostId, state, atNs }) => `${hostId} ${state} at ${Number((atNs - BOOTED_NS) / SECOND)} s`);

describe('a host', () => {
  it('is silent when nothing came for 90 s, and once only; the next batch resolves it', async () => {
    const { hear, look, asked } = setUp();
    hear(0);
    expect(await look(90)).toEqual({ events: [], removed: [] });
    expect(asked).toEqual([]);
    const { events } = await look(91);
    expect(told(events)).toEqual(['h firing at 1091 s']);
    expect(events[0]).toMatchObject({ alert: 'TceTelemetrySilent', vm: null, hostName: 'h.example' });
    expect((await look(200)).events).toEqual([]);
    expect(told(hear(300))).toEqual(['h resolved at 1300 s']);
    expect(told((await look(301)).events)).toEqual([]);
  });

  it('may be silent for three of its own intervals', async () => {
    const { hear, look } = setUp();
    hear(0, { interval: 60 });
    expect((await look(180)).events).toEqual([]);
    expect((await look(181)).events).toHaveLength(1);
  });

  it('is not silent while it delivers what is old', async () => {
    const { hear, look } = setUp();
    hear(0);
    hear(80, { uptime: 500 });
    expect((await look(170)).events).toEqual([]);
  });

  it('is heard of by another collector through the store', async () => {
    const { hear, look, stored } = setUp();
    hear(0);
    stored.push({ hostId: 'h', readAtNs: BOOTED_NS + 1050n * SECOND });
    expect((await look(100)).events).toEqual([]);
    expect((await look(190)).events).toEqual([]);
    expect(told((await look(191)).events)).toEqual(['h firing at 1141 s']);
    stored[0]!.readAtNs = BOOTED_NS + 1200n * SECOND;
    expect(told((await look(210)).events)).toEqual(['h resolved at 1200 s']);
  });

  it('makes the same alert in two collectors', async () => {
    const [one, two] = [setUp(), setUp()];
    one.hear(0, { uptime: Number((NOW - BOOTED_NS) / SECOND) });
    const freshness = [{ hostId: 'h', readAtNs: NOW }];
    two.watch.restore({ freshness, names: new Map(), guests: new Map(), firing: [] }, at(10));
    const [a] = (await one.look(91)).events;
    const [b] = (await two.look(500)).events;
    expect(a?.alertId).toBeDefined();
    expect(b?.alertId).toBe(a?.alertId);
  });

  it('is not silent because nothing can be stored', async () => {
    const { watch, hear, look } = setUp();
    hear(0);
    expect((await watch.check(at(100), () => Promise.reject(new Error('gone')))).events).toEqual([]);
    expect((await look(190)).events).toEqual([]);
    expect((await look(191)).events).toHaveLength(1);
  });

  it('is one of many when at least half of those that were heard fell silent with it', async () => {
    const causes = async (silent: readonly string[], gone: readonly string[]) => {
      const { hear, look } = setUp();
      for (const host of gone) hear(0, { host });
      await look(DAY);
      for (const host of ['a', 'b', 'c', 'd', 'e', 'f']) hear(DAY, { host });
      for (const host of ['a', 'b', 'c', 'd', 'e', 'f']) if (!silent.includes(host)) hear(DAY + 60, { host });
      const { events } = await look(DAY + 100);
      return events.map(({ hostId, cause }) => `${hostId} ${cause.code}`);
    };
    expect(await causes(['a', 'b', 'c'], [])).toEqual(['a', 'b', 'c'].map((host) => `${host} many-hosts-silent`));
    expect(await causes(['a'], ['s', 't', 'u', 'v', 'w', 'x', 'y', 'z'])).toEqual(['a silent']);
  });

  it('is forgotten after a week, and its alert resolves', async () => {
    const { hear, look } = setUp();
    hear(0);
    expect((await look(100)).events).toHaveLength(1);
    expect((await look(7 * DAY - 1)).removed).toEqual([]);
    const { events, removed } = await look(7 * DAY);
    expect(removed).toEqual(['h']);
    expect(events).toMatchObject([{ state: 'resolved', revision: 1 }]);
    expect(await look(8 * DAY)).toEqual({ events: [], removed: [] });
  });

  it('is not watched any more where others need the room, and its alert resolves', async () => {
    const { hear, look } = setUp(new SilenceWatch(undefined, 2));
    hear(0);
    const [fired] = (await look(100)).events;
    hear(110, { host: 'b' });
    expect((await look(111)).events).toEqual([]);
    hear(112, { host: 'c' });
    expect((await look(113)).events).toMatchObject([{ alertId: fired?.alertId, state: 'resolved', revision: 1 }]);
    expect((await look(114)).events).toEqual([]);
  });

  it.each([
    ['in its maintenance', { maintenance: [{ hosts: ['h.*'], fromNs: at(50), untilNs: at(150) }] }, 150],
    ['that has more patience', { overrides: [{ hosts: ['h.*'], rules: { silentAfterNs: 149n * SECOND } }] }, 150],
    ['of which nobody wants to know', { overrides: [{ hosts: ['h.*'], rules: { enabled: false } }] }, Infinity],
  ])('%s is not silent', async (_, exceptions, from) => {
    const { hear, look } = setUp(new SilenceWatch(createPolicy(DEFAULT_RULES, exceptions)));
    hear(0);
    expect((await look(149)).events).toEqual([]);
    expect((await look(150)).events).toHaveLength(from === 150 ? 1 : 0);
  });
});

describe('after a restart', () => {
  const freshness = [{ hostId: 'h', readAtNs: NOW }];
  const names = new Map([['h', 'h.example']]);

  it('a host has as long as one that was just heard of', async () => {
    const { watch, look } = setUp();
    watch.restore({ freshness, names, guests: new Map(), firing: [] }, at(3600));
    expect((await look(3690)).events).toEqual([]);
    expect((await look(3691)).events).toMatchObject([{ hostName: 'h.example' }]);
  });

  it('an alert goes on, and is resolved under its id', async () => {
    const before = setUp();
    before.hear(0);
    const firing = (await before.look(100)).events;
    const { watch, look, hear } = setUp();
    watch.restore({ freshness, names, guests: new Map(), firing }, at(200));
    expect((await look(400)).events).toEqual([]);
    expect(hear(500)).toMatchObject([{ alertId: firing[0]?.alertId, state: 'resolved', revision: 1 }]);
  });

  const silenceOf = async () => {
    const { hear, look } = setUp();
    hear(0, { uptime: Number((NOW - BOOTED_NS) / SECOND) });
    return (await look(100)).events;
  };

  it('the alert of a host that the store has forgotten resolves once it is taken for removed', async () => {
    const firing = await silenceOf();
    const { watch, look } = setUp();
    watch.restore({ freshness: [], names: new Map(), guests: new Map(), firing }, at(DAY));
    expect(await look(2 * DAY)).toEqual({ events: [], removed: [] });
    const { events, removed } = await look(8 * DAY);
    expect(events).toMatchObject([{ alertId: firing[0]?.alertId, state: 'resolved', revision: 1 }]);
    expect(removed).toEqual(['h']);
  });

  it('a host of whose VMs alerts fire is taken for removed, however long ago it was read', async () => {
    const firing = [{ ...firingAlert(), hostId: 'h', hostName: 'h.example' }];
    for (const known of [freshness, []]) {
      const { watch, look } = setUp();
      watch.restore({ freshness: known, names, guests: new Map(), firing }, at(30 * DAY));
      expect(await look(30 * DAY + 91)).toEqual({ events: [], removed: ['h'] });
    }
  });

  it('a host that the configuration disables is taken for removed as soon as it is silent', async () => {
    const policy = createPolicy(DEFAULT_RULES, { overrides: [{ hosts: ['h.*'], rules: { enabled: false } }] });
    const firing = await silenceOf();
    const { watch, look } = setUp(new SilenceWatch(policy));
    watch.restore({ freshness, names, guests: new Map(), firing }, at(200));
    expect((await look(290)).removed).toEqual([]);
    const { events, removed } = await look(291);
    expect(events).toMatchObject([{ alertId: firing[0]?.alertId, state: 'resolved' }]);
    expect(removed).toEqual(['h']);
  });

  it('a host that was forgotten stays forgotten', async () => {
    const { watch, look } = setUp();
    watch.restore({ freshness, names, guests: new Map(), firing: [] }, at(8 * DAY));
    expect((await look(9 * DAY)).events).toEqual([]);
  });
});

describe('the agent in a guest', () => {
  const guest = { host: 'guest', source: 'guest', boot: 'guest', vms: [{ name: 'g', uuid: 'UUID-1' }] };
  const running = { vms: [{ name: 'g', uuid: 'uuid-1' }] };

  it('is silent when its host still sees the VM run', async () => {
    const { hear, look } = setUp();
    hear(0, guest);
    for (const seconds of [10, 60, 100]) hear(seconds, running);
    expect((await look(101)).events).toMatchObject([{ hostId: 'guest', state: 'firing' }]);
  });

  it.each([
    ['has ended', { vms: [{ name: 'g', uuid: 'uuid-1', ended: true }] }],
    ['is gone', { vms: [] }],
  ])('is not silent when its VM %s', async (_, host) => {
    const { hear, look } = setUp();
    hear(0, guest);
    hear(10, running);
    for (const seconds of [20, 60, 100]) hear(seconds, host);
    expect((await look(101)).events).toEqual([]);
  });

  it('is not silent of its own when its host is', async () => {
    const { hear, look } = setUp();
    hear(0, guest);
    hear(5, running);
    expect((await look(200)).events).toMatchObject([{ hostId: 'h' }]);
  });
});
