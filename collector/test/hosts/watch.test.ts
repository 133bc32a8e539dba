import { deriveId } from '@tcewatch/protocol';
import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import { describe, expect, it } from 'vitest';
import { runOf } from '../../src/hosts/agent-runs.js';
import { HostWatch } from '../../src/hosts/watch.js';
import type { HostHealth } from '../../src/hosts/watch.js';

const at = (seconds: number): bigint => BOOTED_NS + BigInt(Math.round(seconds * 1e9));
const reading = (uptime: number, host = 'h') => batchOf({ uptime, vms: [], host });
const one = (watch: HostWatch, seconds: number): HostHealth | undefined => watch.health(at(seconds))[0];

describe('the watch of hosts', () => {
  it('tells how old the newest reading is, whatever comes late', () => {
    const watch = new HostWatch();
    watch.observe([reading(100), reading(110)], at(110.5));
    watch.observe([reading(90)], at(111));
    expect(one(watch, 120)).toMatchObject({ readAtNs: at(110), ageNs: 10n * SECOND, claimants: 0 });
    expect(one(watch, 720)).toMatchObject({ ageNs: 610n * SECOND });
  });

  it('does not take a clock that is ahead for freshness', () => {
    const watch = new HostWatch();
    const ahead = reading(100);
    ahead.clock.wallNs += 3600n * SECOND;
    watch.observe([ahead], at(101));
    expect(one(watch, 161)).toMatchObject({ clockAheadNs: 3599n * SECOND, ageNs: 60n * SECOND });
  });

  it('goes by uptime when the clock is set back, so that silence shows at once', () => {
    const watch = new HostWatch();
    const before = reading(100);
    before.clock.wallNs += 3600n * SECOND;
    watch.observe([before], at(100));
    for (let uptime = 110; uptime <= 2000; uptime += 10) watch.observe([reading(uptime)], at(uptime));
    expect(one(watch, 2300)).toMatchObject({ readAtNs: at(2000), ageNs: 300n * SECOND, clockAheadNs: 0n });
  });

  it('goes on from what the store knows', () => {
    const watch = new HostWatch();
    const known = reading(100);
    known.clock.wallNs += 50n * SECOND;
    watch.restore(
      [
        { hostId: 'h', readAtNs: known.clock.wallNs },
        { hostId: 'i', readAtNs: at(5) },
      ],
      [runOf(known, at(101))],
      at(200),
    );
    expect(watch.health(at(200))).toMatchObject([
      { hostId: 'h', clockAheadNs: 49n * SECOND, ageNs: 99n * SECOND },
      { hostId: 'i', clockAheadNs: null, ageNs: 195n * SECOND },
    ]);
  });

  it('takes a clock that was set back while it did not run for no silence', () => {
    const watch = new HostWatch();
    watch.restore([{ hostId: 'h', readAtNs: at(3700) }], [], at(110));
    expect(one(watch, 110)).toMatchObject({ readAtNs: at(110), ageNs: 0n });
    watch.observe([reading(120)], at(120));
    expect(one(watch, 150)).toMatchObject({ readAtNs: at(120), ageNs: 30n * SECOND });
  });

  it('counts who claims a key, and forgets who does not any more', () => {
    const watch = new HostWatch();
    const twin = (uptime: number) => ({ ...reading(uptime), bootId: deriveId('twin'), run: deriveId('twin') });
    for (let uptime = 100; uptime <= 300; uptime += 10) watch.observe([reading(uptime), twin(uptime)], at(uptime));
    expect(one(watch, 300)?.claimants).toBe(2);
    for (let uptime = 310; uptime <= 1800; uptime += 10) watch.observe([reading(uptime)], at(uptime));
    expect(one(watch, 1800)?.claimants).toBe(0);
  });

  it('is bounded, whatever names senders make up', () => {
    const watch = new HostWatch(2);
    for (const host of ['a', 'b', 'a', 'c']) watch.observe([reading(100, host)], at(100));
    expect(watch.health(at(100)).map(({ hostId }) => hostId)).toEqual(['a', 'c']);
    for (let i = 0; i < 100; i++) watch.observe([{ ...reading(100 + i, 'a'), run: deriveId('run', i) }], at(100));
    expect(one(watch, 100)?.claimants).toBeLessThanOrEqual(16);
  });
});
