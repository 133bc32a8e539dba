/** How long calls take, by the source `ring` on a live kernel: as it is known of a program, and never at a count's cost. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Reading, Source } from '../../src/model.js';
import { createRing } from '../../src/sources/ring/source.js';
import { testOptions, testRing } from '../sources/options.js';
import { StandIn, inTheWay, issued } from './stand-in.js';

const obstacle = await inTheWay();

describe.skipIf(obstacle !== undefined)('latencies by the source ring on this kernel', () => {
  let standIn: StandIn;
  let source: Source | undefined;

  beforeAll(async () => {
    standIn = await StandIn.make();
  });
  afterAll(async () => {
    await standIn.remove();
  });
  afterEach(async () => {
    await source?.close();
    await standIn.removeInstances();
  });

  async function open(kbPerCpu: number, latency = true): Promise<Source> {
    const ring = { ...testRing, kbPerCpu, latency };
    source = createRing({ ...testOptions(undefined, '/'), ring }, standIn.kind);
    await source.open();
    return source;
  }

  it('times each call, and the round trips of punts by what they took at least', async () => {
    const opened = await open(4096);
    await standIn.calls(2, 200, { every: 0, us: 0, tripUs: 3000 });
    const { latencies = [], accounts } = await taken(opened);
    expect(accounts.flatMap(({ losses }) => losses)).toEqual([]);
    for (const [hypercall, { entered, punted }] of Object.entries(issued(200))) {
      const of = (span: string) => latencies.filter((cell) => cell.span === span && cell.hypercall === hypercall);
      expect([hypercall, sum(of('handled'))]).toEqual([hypercall, 2 * (entered - punted)]);
      expect([hypercall, sum(of('round_trip'))]).toEqual([hypercall, 2 * punted]);
      for (const { bucket, calls, totalUs } of of('round_trip')) {
        expect(totalUs / calls).toBeGreaterThanOrEqual(3000);
        expect(totalUs / calls).toBeLessThanOrEqual(2 ** bucket);
      }
    }
    expect(new Set(latencies.map(({ tid }) => tid)).size).toBe(2);
  });

  it('costs no count where a flood of events is lost', async () => {
    const opened = await open(8);
    await standIn.calls(3, 20_000);
    const { latencies = [], accounts, cells } = await taken(opened);
    const total = { entered: 0, punted: 0 };
    for (const { entered, punted } of Object.values(issued(20_000))) {
      total.entered += 3 * entered;
      total.punted += 3 * punted;
    }
    for (const { counter, seen, losses } of accounts) {
      const stored = sum(cells.filter((cell) => cell.counter === counter));
      expect([counter, seen]).toEqual([counter, total[counter]]);
      expect(stored + losses.reduce((all, { events }) => all + events, 0)).toBe(seen);
    }
    expect(sum(latencies.filter(({ span }) => span === 'handled'))).toBeLessThanOrEqual(total.entered - total.punted);
    expect(sum(latencies.filter(({ span }) => span === 'round_trip'))).toBeLessThanOrEqual(total.punted);
  });

  it('takes a third instance, on demand and for as long as the source is open', async () => {
    const names = async () => (await standIn.instanceNames()).map((name) => name.split('-').at(-1)).sort();
    await (await open(64, false)).close();
    expect(await names()).toEqual(['entered', 'punted']);
    await standIn.removeInstances();
    const opened = await open(64);
    expect(await names()).toEqual(['entered', 'punted', 'timed']);
    await opened.close();
    expect(await names()).toEqual(['entered', 'punted']);
  });

  it('counts on where calls cannot be timed, and says so', async () => {
    const older = await StandIn.make(['kvm_hcall_enter', 'kvm_hcall_exit']);
    try {
      source = createRing({ ...testOptions(undefined, '/'), ring: { ...testRing, latency: true } }, older.kind);
      await source.open();
      await older.calls(1, 10);
      const { accounts, latencies, problems } = await taken(source);
      expect(accounts.map(({ seen }) => seen)).toEqual([8, 2]);
      expect(latencies).toBeUndefined();
      expect(problems).toContainEqual(expect.stringMatching(/^calls are not timed: .*kvmppc_run_vcpu_enter/));
    } finally {
      await source?.close();
      await older.remove();
    }
  });
});

async function taken(source: Source): Promise<Reading> {
  return (await source.next()) ?? expect.fail('there is no reading');
}

function sum(cells: readonly { calls: number }[]): number {
  return cells.reduce((all, { calls }) => all + calls, 0);
}
