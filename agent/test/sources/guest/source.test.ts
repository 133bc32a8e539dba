import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveId } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { advance } from '../../../src/ledger/advance.js';
import { snapshot } from '../../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../../src/ledger/state.js';
import type { Source } from '../../../src/model.js';
import { createGuest } from '../../../src/sources/guest/source.js';
import { BOOT, KernelTree } from '../kernel-tree.js';
import { testOptions } from '../options.js';
import { rowsOf } from '../hist/rows.js';

const UUID = '1f6f5d0a-92cf-4f0e-8b74-3c1d5e6f7b02';
const INSTANCE = 'tcewatch-guest-100500000000';
/** Counts that the guest l2a of the recording made of itself. */
const recorded = await readFile(join(await unpack('fallback-6.1'), 'guest/l2a.hcall_entry.hist'), 'utf8');
let kernel: KernelTree;
let source: Source;

beforeEach(async () => {
  kernel = await KernelTree.make('powerpc/hcall_entry');
  await kernel.put('proc/device-tree/vm,uuid', `${UUID}\0`);
  source = createGuest(testOptions(undefined, kernel.root), kernel.files);
});
afterEach(async () => {
  await source.close();
  await kernel.remove();
});

describe('in a guest', () => {
  it('counts what it issues, under the uuid that its host knows it by', async () => {
    await kernel.put('proc/device-tree/ibm,partition-name', 'l2a\0');
    await source.open();
    expect(await readFile(join(kernel.root, kernel.file(INSTANCE, 'trigger')), 'utf8')).toBe(
      'hist:keys=opcode:size=4096 if opcode==0x1c||opcode==0x20||opcode==0x138||opcode==0x13c',
    );
    await kernel.put(kernel.file(INSTANCE, 'hist'), recorded);
    const reading = await source.next();
    if (!reading) throw new Error('no reading');
    expect(reading).toMatchObject({
      host: { name: 'guest1', source: 'guest' },
      bootId: BOOT,
      epoch: deriveId(BOOT, 'guest', 100_500_000_000n),
      epochBeganNs: 100_500_000_000n,
      accounts: [],
      problems: [],
      vms: [{ name: 'l2a', uuid: UUID, life: deriveId(BOOT, 'guest') }],
    });
    expect(rowsOf(snapshot(advance(emptyLedger(), reading, DEFAULT_CAPS)), 'issued')).toEqual({
      'issued l2a/0 all H_PUT_TCE': 4784,
      'issued l2a/0 all H_PUT_TCE_INDIRECT': 32_268,
      'issued l2a/0 all H_STUFF_TCE': 37_059,
    });
  });

  it('goes on with what was counted when the agent was killed', async () => {
    await kernel.files.make(join(kernel.root, kernel.file('tcewatch-guest-7', 'trigger'), '../../../..'));
    const echo = 'hist:keys=opcode:vals=hitcount:sort=hitcount:size=4096 if ';
    const filter = 'opcode==0x1c||opcode==0x20||opcode==0x138||opcode==0x13c [active]\n';
    await kernel.put(kernel.file('tcewatch-guest-7', 'trigger'), echo + filter);
    await kernel.put(kernel.file('tcewatch-guest-7', 'hist'), recorded);
    await source.open();
    expect((await source.next())?.epochBeganNs).toBe(7n);
    expect(await readdir(join(kernel.root, 'sys/kernel/tracing/instances'))).toEqual(['tcewatch-guest-7']);
  });

  it("prefers the kernel's own statistics, which count from boot", async () => {
    const inst = 'sys/kernel/debug/hcall_inst';
    await kernel.put(`${inst}/cpu0`, '32 10 4096 100\n260 7 4096 100\n316 5 10 10\n');
    await kernel.put(`${inst}/cpu1`, '32 3 4096 100\n');
    await source.open();
    const reading = await source.next();
    expect(reading?.epochBeganNs).toBe(0n);
    expect(reading?.cells.map(({ hypercall, calls }) => [hypercall, calls])).toEqual([
      ['H_PUT_TCE', 13],
      ['H_PUT_TCE_INDIRECT', 5],
    ]);
    await kernel.put(`${inst}/cpu1`, '32 many\n');
    await expect(source.next()).rejects.toThrow(/cpu1, line 1: expected opcode and calls, found "32 many"/);
  });

  it('refuses a histogram that is cut', async () => {
    await source.open();
    await kernel.put(kernel.file(INSTANCE, 'hist'), recorded.slice(0, -20));
    await expect(source.next()).rejects.toMatchObject({ code: 'hist-malformed' });
  });
});

describe('says what to do', () => {
  it.each([['none'], ['00000000-0000-0000-0000-000000000000\0']])(
    'where the guest knows no uuid of its own: %s',
    async (uuid) => {
      if (uuid === 'none') await rm(join(kernel.root, 'proc/device-tree/vm,uuid'));
      else await kernel.put('proc/device-tree/vm,uuid', uuid);
      await expect(source.open()).rejects.toThrow(/tells no uuid of this guest: give it one on its host \(QEMU -uuid/);
    },
  );

  it('where the machine is no guest', async () => {
    await rm(join(kernel.root, 'sys/kernel/tracing/events/powerpc'), { recursive: true });
    await expect(source.open()).rejects.toThrow(/this machine is no pseries guest/);
  });
});
