/** `hist.detail`: which LIOBN punts had and how long calls took, and that the plain counts do not suffer from it. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LatencyCell, Reading } from '../../../src/model.js';
import { CountingHost, TIDS, callAll, expectBalance, hostWith, settle, someCall, timed } from '../counting-host.js';

/** Lets a guest call between any two reads of the agent. */
function keepBusy(host: CountingHost, pattern: readonly number[]): void {
  let at = 0;
  host.kernel.meanwhile = () => {
    const next = pattern[at++ % pattern.length] ?? 0;
    if (next > 50) host.kernel.otherCall(11 + (next % 4));
    else if (next < 40) host.call(someCall(11 + (next % 4), 0x80000000n + BigInt(next % 3)));
  };
}

const noise = fc.array(fc.nat(60), { minLength: 1, maxLength: 40 });

describe('detail', () => {
  it('is set up by these commands', async () => {
    const host = new CountingHost();
    host.detail = true;
    const written: string[] = [];
    const append = host.kernel.append.bind(host.kernel);
    host.kernel.append = async (path, text) => {
      written.push(`${path.replace(/^.*(instances|events\/)/, '')}: ${text}`);
      await append(path, text);
    };
    await host.start();
    expect(written.slice(2)).toMatchInlineSnapshot(`
      [
        "/sys/kernel/tracing/synthetic_events: tcewatch_call_1000000000 unsigned long req; unsigned long liobn; unsigned long ret; int pid; u64 lat",
        "/sys/kernel/tracing/synthetic_events: tcewatch_punt_1000000000 unsigned long req; int pid; u64 lat",
        "synthetic/tcewatch_call_1000000000/trigger: hist:keys=pid,req,lat.log2:vals=lat:size=128 if ret==0",
        "synthetic/tcewatch_punt_1000000000/trigger: hist:keys=pid,req,lat.log2:vals=lat:size=128",
        "kvm_hv/kvm_hcall_exit/trigger: hist:keys=common_pid:r=hcall_rc,ts0=common_timestamp.usecs:size=128 if ret==2&&(hcall_rc==0x1c||hcall_rc==0x20||hcall_rc==0x138||hcall_rc==0x13c)",
        "kvm_hv/kvmppc_run_vcpu_enter/trigger: hist:keys=common_pid:lat=common_timestamp.usecs-$ts0:size=128:onmatch(kvm_hv.kvm_hcall_exit).tcewatch_punt_1000000000($r,common_pid,$lat)",
        "synthetic/tcewatch_call_1000000000/trigger: hist:keys=pid,req,liobn:size=128 if ret==2",
        "kvm_hv/kvm_hcall_enter/trigger: hist:keys=common_pid:r=req,l=gpr4,ts1=common_timestamp.usecs:size=128 if req==0x1c||req==0x20||req==0x138||req==0x13c",
        "kvm_hv/kvm_hcall_exit/trigger: hist:keys=common_pid:lat1=common_timestamp.usecs-$ts1:size=128:onmatch(kvm_hv.kvm_hcall_enter).tcewatch_call_1000000000($r,$l,ret,common_pid,$lat1)",
      ]
    `);
  });

  it('tells the LIOBN of each punt and how long each call took', async () => {
    await fc.assert(
      fc.asyncProperty(noise, async (pattern) => {
        const host = await hostWith(TIDS, true);
        callAll(host, 1);
        keepBusy(host, pattern);
        for (let i = 0; i < 3; i++) {
          const { latencies, cells } = await host.read();
          expectNotMoreTimed(latencies ?? [], cells);
        }
        const last = await settle(host);
        expect(host.problems).toEqual([]);
        expect(host.collector.storedByLiobn('punted')).toEqual(host.truth.byLiobn);
        const [entered, punted] = [host.truth.entered, host.truth.punted].map((of) => (of['a'] ?? 0) + (of['b'] ?? 0));
        expect(timed(last)['round_trip']?.calls ?? 0).toBe(punted);
        expect(timed(last)['handled']?.calls ?? 0).toBe((entered ?? 0) - (punted ?? 0));
        expect(host.collector.timed('round_trip')).toEqual(host.truth.punted);
        expectBalance(host);
      }),
      { numRuns: 60 },
    );
  });

  it('may be switched on and off, with agents that are killed, and costs no call', async () => {
    const lives = fc.array(fc.record({ detail: fc.boolean(), readings: fc.integer({ min: 1, max: 4 }) }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(noise, lives, async (pattern, lives) => {
        const host = await hostWith(TIDS, lives[0]?.detail);
        callAll(host, 1);
        await host.read();
        for (const { detail, readings } of lives) {
          host.detail = detail;
          await host.start();
          keepBusy(host, pattern);
          for (let i = 0; i < readings; i++) await host.read();
          expect(host.problems.filter((problem) => !problem.includes('no call is lost by it'))).toEqual([]);
        }
        await settle(host);
        await host.rest();
        expect(host.collector.stored('entered')).toEqual(host.truth.entered);
        expect(host.collector.stored('punted')).toEqual(host.truth.punted);
        for (const [label, calls] of Object.entries(host.collector.storedByLiobn('punted')))
          if (!label.endsWith(' all')) expect(calls).toBeLessThanOrEqual(host.truth.byLiobn[label] ?? 0);
        for (const [vm, calls] of Object.entries(host.collector.timed('round_trip')))
          expect(calls).toBeLessThanOrEqual(host.truth.punted[vm] ?? 0);
        expectBalance(host);
        const ofAgent = lives.at(-1)?.detail === true ? 3 : 1;
        await host.rest();
        expect(host.kernel.instances).toHaveLength(ofAgent);
        expect(host.kernel.syntheticEvents).toHaveLength(ofAgent - 1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a restarted agent', () => {
  it('goes on with the detail that it finds, of the calls that no agent saw too', async () => {
    const host = await hostWith(TIDS, true);
    callAll(host, 3);
    await host.read();
    const { instances } = host.kernel;
    callAll(host, 4);
    await host.start();
    callAll(host, 5);
    const last = await settle(host);
    expect(host.kernel.instances).toEqual(instances);
    expect(host.collector.storedByLiobn('punted')).toEqual({ 'b 2147483648': 24 });
    expect(timed(last)).toMatchObject({ handled: { calls: 24 }, round_trip: { calls: 24 } });
  });

  it('begins detail with an epoch', async () => {
    const host = await hostWith(TIDS);
    callAll(host, 3);
    const { epoch } = await host.read();
    host.detail = true;
    await host.start();
    await host.read();
    expect(host.problems).toEqual([expect.stringMatching(/replaced: hist.detail is on now; no call is lost by it/)]);
    await host.rest();
    callAll(host, 4);
    const last = await settle(host);
    expect(last.epoch).not.toBe(epoch);
    expect(host.collector.storedByLiobn('punted')).toEqual({ 'b all': 6, 'b 2147483648': 8 });
  });

  it('makes new detail where part of it is gone', async () => {
    const host = await hostWith(TIDS, true);
    const times = host.kernel.instances.find((name) => name.includes('times')) ?? expect.fail();
    await host.kernel.truncate(`/sys/kernel/tracing/instances/${times}/events/kvm_hv/kvmppc_run_vcpu_enter/trigger`);
    await host.read();
    await host.start();
    expect(host.kernel.instances).toEqual(host.kernel.plainInstances);
    await host.rest();
    await host.read();
    expect(host.kernel.instances).toHaveLength(3);
  });
});

describe('a guest that makes up LIOBNs', () => {
  it('is counted to the call, with LIOBNs as far as there is room', async () => {
    const host = await hostWith([13], true);
    for (let i = 0; i < 600; i++) host.call(someCall(13, BigInt(i) * 4096n));
    const flooded = await host.read();
    expect(flooded.punts).toHaveLength(128);
    expect(host.problems.join()).toMatch(/calls found no room in the histograms of hist.detail/);
    await host.rest();
    await settle(host);
    const { lost } = host.collector.account('punted');
    expect((host.collector.stored('punted')['b'] ?? 0) + lost).toBe(host.truth.punted['b']);
    expect((await host.read()).punts).toEqual([]);
  });
});

/** Expects that no more calls are timed than were counted. */
function expectNotMoreTimed(latencies: readonly LatencyCell[], cells: Reading['cells']): void {
  const sum = (of: readonly { calls: number }[]) => of.reduce((total, { calls }) => total + calls, 0);
  const punted = sum(cells.filter(({ counter }) => counter === 'punted'));
  const entered = sum(cells.filter(({ counter }) => counter === 'entered'));
  expect(sum(latencies.filter(({ span }) => span === 'round_trip'))).toBeLessThanOrEqual(punted);
  expect(sum(latencies.filter(({ span }) => span === 'handled'))).toBeLessThanOrEqual(entered - punted);
}
