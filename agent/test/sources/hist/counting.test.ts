/** Histograms that are replaced while guests call at every moment: no call is lost, and none counted twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SIZE, expectBalance, hostWith, someCall, vmOf } from '../counting-host.js';
import type { CountingHost } from '../counting-host.js';

describe('histograms that dead threads crowd', () => {
  it('are replaced, whatever the guests do meanwhile', async () => {
    const noise = fc.array(fc.nat(60), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(noise, fc.nat(6), async (pattern, busyReadings) => {
        const host = await hostWith([11, 12, 13, 14]);
        for (let tid = 1000; tid < 1100; tid++) {
          host.vms[0]?.threads.push({ tid, startedNs: 1n });
          for (let i = 0; i < 2; i++) host.call(someCall(tid));
        }
        let at = 0;
        let isBusy = true;
        // Wherever the agent looks away there are calls; later they come in bursts, and threads rest in between.
        host.kernel.meanwhile = () => {
          const next = pattern[at++ % pattern.length] ?? 0;
          if (next < 50 && (isBusy || at % 1000 < 100))
            host.call(someCall(11 + (next % 4), 0x80000000n + BigInt(next % 3)));
        };
        await host.read();
        // The dead threads are gone: their calls stay with their VM.
        host.vms = [vmOf('a', [11, 12]), vmOf('b', [13, 14])];
        const before = host.kernel.instances[0];
        for (let i = 0; i < 400 && host.kernel.instances.includes(before ?? ''); i++) {
          isBusy = i < busyReadings;
          await host.read();
        }
        expect(host.kernel.instances).not.toContain(before);
        host.kernel.meanwhile = () => undefined;
        host.kernel.settle();
        await host.rest();
        expect(host.collector.stored('entered')).toEqual(host.truth.entered);
        expect(host.collector.stored('punted')).toEqual(host.truth.punted);
        expectBalance(host);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a guest that makes up LIOBNs', () => {
  const flood = (host: CountingHost, calls: number) => {
    for (let i = 0; i < 2 * calls; i++) host.call(someCall(11, BigInt(i) * 4096n));
  };
  const neighbour = (host: CountingHost) => {
    for (let i = 0; i < 2; i++) host.call(someCall(13));
  };

  it('is counted without them, its neighbours to the call, and told apart again once it has stopped', async () => {
    const host = await hostWith([11, 13]);
    neighbour(host);
    await host.read();
    // Far more than the table holds, while it is being replaced, too; its neighbour rests at times.
    flood(host, 300);
    let at = 0;
    host.kernel.meanwhile = () => {
      if (++at % 7 === 0) host.call(someCall(11, BigInt(at) * 4096n));
      if (at % 900 < 10) neighbour(host);
    };
    const first = host.kernel.instances[0];
    await host.read();
    expect(host.problems).toEqual([expect.stringMatching(/being replaced: the VM a calls with too many LIOBNs/)]);
    for (let i = 0; i < 100 && host.kernel.instances.includes(first ?? ''); i++) await host.read();
    expect(host.kernel.instances).not.toContain(first);
    await host.read();
    expect(host.problems).toEqual([expect.stringMatching(/LIOBNs are not told apart/)]);
    host.kernel.meanwhile = () => undefined;
    host.kernel.settle();
    await host.read();
    const { lost } = host.collector.account('entered');
    expect(lost).toBeGreaterThan(0);
    expect(host.collector.stored('entered')['b']).toBe(host.truth.entered['b']);
    const ofFlood = (host.collector.stored('entered')['a'] ?? 0) + lost;
    expect(ofFlood).toBeLessThanOrEqual(host.truth.entered['a'] ?? 0);
    expect(ofFlood).toBeGreaterThan((host.truth.entered['a'] ?? 0) - 2 * SIZE);
    expect(host.collector.stored('punted')).toEqual(host.truth.punted);

    // It is quiet: after some time its LIOBNs are told apart again, and no call is lost by it.
    const without = host.kernel.instances[0];
    for (let i = 0; i < 200 && host.kernel.instances.includes(without ?? ''); i++) {
      neighbour(host);
      await host.read();
    }
    neighbour(host);
    const last = await host.read();
    expect(last.cells.filter(({ counter }) => counter === 'entered').map(({ scope }) => scope)).toEqual(['one']);
    expect(host.problems).toEqual([]);
    expect(host.collector.account('entered').lost).toBe(lost);
    expect(host.collector.stored('entered')['b']).toBe(host.truth.entered['b']);
  });

  it('that goes on is left without them: the trial costs no call', async () => {
    const host = await hostWith([11, 13]);
    flood(host, 300);
    await host.read();
    await host.rest();
    const { lost } = host.collector.account('entered');
    const without = host.kernel.instances[0];
    let tried = 0;
    for (let i = 0; i < 150; i++) {
      flood(host, 300);
      await host.read();
      if (host.problems.some((problem) => problem.includes('not replaced'))) tried++;
    }
    expect(tried).toBe(1);
    expect(host.kernel.instances).toEqual([without]);
    expect(host.collector.account('entered').lost).toBe(lost);
    expectBalance(host);
  });
});

describe('a histogram that fills up with the living', () => {
  it('is made larger before it is full', async () => {
    const tids = Array.from({ length: 100 }, (_, i) => 1000 + i);
    const host = await hostWith(tids);
    for (const tid of tids) for (let i = 0; i < 2; i++) host.call(someCall(tid));
    await host.read();
    await host.rest();
    expect(host.kernel.table(host.kernel.instances[0] ?? '', 'kvm_hcall_enter')?.size).toBe(256);
    for (const tid of tids) for (let i = 0; i < 2; i++) host.call(someCall(tid));
    await host.read();
    expect(host.collector.stored('entered')).toEqual(host.truth.entered);
    expect(host.collector.account('entered').lost).toBe(0);
    expectBalance(host);
  });
});

describe('an agent that is killed while histograms are replaced', () => {
  it.each([1, 2, 3, 4, 5])('goes on without a loss %i readings later', async (readings) => {
    const host = await hostWith([11, 13]);
    for (let tid = 1000; tid < 1100; tid++) host.call(someCall(tid));
    host.kernel.settle();
    host.kernel.meanwhile = () => {
      host.call(someCall(13));
    };
    for (let i = 0; i < readings; i++) await host.read();
    await host.start();
    expect(host.kernel.instances).toHaveLength(1);
    await host.read();
    host.kernel.meanwhile = () => undefined;
    host.kernel.settle();
    await host.rest();
    expect(host.collector.stored('entered')).toEqual(host.truth.entered);
    expectBalance(host);
  });
});
