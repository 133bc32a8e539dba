/** Accidents of `hist.detail` on a live host: the plain counts go on, and nothing is left behind in the kernel. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHist } from '../../../src/sources/hist/source.js';
import { CountingHost, TIDS, callAll, expectBalance, hostWith, settle, someCall, timed } from '../counting-host.js';
import { FixtureHost } from '../fixture-host.js';
import { ModelKernel } from './model-kernel.js';
import { testOptions } from '../options.js';

describe('what another agent left', () => {
  it('is removed, if the agent has ended', async () => {
    const host = await hostWith(TIDS, true);
    host.detail = false;
    await host.start();
    expect(host.kernel.instances).toEqual(host.kernel.plainInstances);
    expect(host.kernel.syntheticEvents).toEqual([]);
  });

  it('is left alone, if it still counts', async () => {
    const host = await hostWith(TIDS, true);
    const remove = host.kernel.remove.bind(host.kernel);
    host.kernel.remove = (path) => {
      // The other agent keeps a file of its plain instance open.
      const busy = Object.assign(new Error('EBUSY'), { code: 'EBUSY' });
      return path.endsWith('/tcewatch-1000000000') ? Promise.reject(busy) : remove(path);
    };
    const { instances, syntheticEvents } = host.kernel;
    const other = new CountingHost(host.kernel, 2_000_000_000n);
    other.detail = true;
    await other.start();
    expect(host.kernel.instances).toEqual(expect.arrayContaining(instances));
    expect(host.kernel.instances).toHaveLength(6);
    expect(host.kernel.syntheticEvents).toEqual(expect.arrayContaining(syntheticEvents));
    callAll(host, 3);
    expect(timed(await settle(host))).toMatchObject({ handled: { calls: 6 }, round_trip: { calls: 6 } });
    expect(host.collector.storedByLiobn('punted')).toEqual({ 'b 2147483648': 6 });
  });
});

describe('where detail cannot be had', () => {
  it('says since which kernel it can, and counts all the same', async () => {
    const host = await hostWith([]);
    host.kernel.hasSynthetic = false;
    const refused = new CountingHost(host.kernel, 2_000_000_000n);
    refused.detail = true;
    await refused.start();
    callAll(refused, 3);
    const { latencies } = await settle(refused);
    expect(latencies).toBeUndefined();
    expect(refused.problems).toEqual([
      expect.stringMatching(
        /^LIOBNs of punts and latencies are not told: .*synthetic_events is not there: .*Linux 4.17/,
      ),
    ]);
    expect(refused.collector.storedByLiobn('punted')).toEqual({ 'unattributed all': 6 });
  });

  it.each(['tcewatch_call', 'onmatch', 'lat.log2', 'lat1='])(
    'leaves nothing where the kernel refuses %s',
    async (word) => {
      const host = new CountingHost();
      host.detail = true;
      const append = host.kernel.append.bind(host.kernel);
      host.kernel.append = (path, text) => {
        const invalid = Object.assign(new Error('EINVAL'), { code: 'EINVAL' });
        return text.includes(word) && !text.startsWith('!') ? Promise.reject(invalid) : append(path, text);
      };
      await host.start();
      callAll(host, 3);
      await settle(host);
      expect(host.problems).toEqual([
        expect.stringMatching(/^LIOBNs of punts and latencies are not told: the kernel refused/),
      ]);
      expect(host.kernel.instances).toEqual(host.kernel.plainInstances);
      expect(host.kernel.syntheticEvents).toEqual([]);
      expect(host.collector.stored('punted')).toEqual(host.truth.punted);
      expectBalance(host);
    },
  );

  it.each(['kvm_hcall_exit', 'synthetic'])(
    'goes on with the plain counts when somebody removes it (%s)',
    async (event) => {
      const host = await hostWith(TIDS, true);
      callAll(host, 3);
      await host.read();
      const liobns = host.kernel.instances.find((name) => name.includes('liobns')) ?? expect.fail();
      const [synthetic] = host.kernel.syntheticEvents;
      const path = event === 'synthetic' ? `synthetic/${synthetic}` : `kvm_hv/${event}`;
      await host.kernel.truncate(`/sys/kernel/tracing/instances/${liobns}/events/${path}/trigger`);
      callAll(host, 4);
      await settle(host);
      const isSeen = event === 'synthetic';
      expect(host.problems).toEqual(
        isSeen
          ? [expect.stringMatching(/not told: somebody removed what counts them, and it is made with the next epoch/)]
          : [],
      );
      expect(host.collector.storedByLiobn('punted')).toEqual({ 'b 2147483648': 6, 'b all': 8 });
      expect(host.kernel.instances).toHaveLength(isSeen ? 1 : 3);
      expectBalance(host);
    },
  );

  it('goes on at the next reading when a histogram is torn', async () => {
    const host = await hostWith(TIDS, true);
    callAll(host, 3);
    const read = host.kernel.read.bind(host.kernel);
    host.kernel.read = async (path) => {
      const text = await read(path);
      return path.includes('liobns') && path.endsWith('hist') ? text.slice(0, -20) : text;
    };
    await host.read();
    expect(host.problems).toEqual([expect.stringMatching(/^LIOBNs of punts and latencies are not told: .*hist file/)]);
    expect(host.collector.storedByLiobn('punted')).toEqual({ 'b all': 6 });
    host.kernel.read = read;
    callAll(host, 4);
    await host.read();
    expect(host.problems).toEqual([]);
    expect(host.collector.storedByLiobn('punted')).toEqual({ 'b all': 6, 'b 2147483648': 8 });
  });
});

describe('the source hist', () => {
  let host: FixtureHost;
  beforeEach(async () => {
    host = await FixtureHost.make();
  });
  afterEach(() => host.remove());

  it('gives what is known by detail with its readings, which starts again with an epoch', async () => {
    const kernel = new ModelKernel(host.root);
    const options = testOptions(undefined, host.root);
    const source = (size: number) => createHist({ ...options, hist: { size, detail: true } }, kernel);
    const first = source(128);
    await first.open();
    for (const tid of [11, 13]) kernel.step(someCall(tid));
    kernel.settle();
    const reading = (await first.next()) ?? expect.fail();
    expect(reading.punts).toEqual([expect.objectContaining({ tid: 13, liobn: 0x80000000n, calls: 1 })]);
    expect(timed(reading)).toMatchObject({ handled: { calls: 1 }, round_trip: { calls: 1 } });
    await first.close();
    await writeFile(join(host.root, 'proc/uptime'), '300.00 0.00\n');

    const larger = source(256);
    await larger.open(reading.epoch);
    let last = (await larger.next()) ?? expect.fail();
    expect(timed(last)).toEqual(timed(reading));
    while (!last.handover) last = (await larger.next()) ?? expect.fail();
    expect(timed(last)).toEqual(timed(reading));
    expect(last.handover.latencies).toEqual([]);
    expect(await larger.next()).toMatchObject({ epoch: last.handover.epoch, punts: [], latencies: [] });
    await larger.close();
  });
});
