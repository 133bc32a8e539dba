import { join } from 'node:path';
import { readFile, rm } from 'node:fs/promises';
import { evidenceFor } from '@tcewatch/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildBatch } from '../../src/batch-builder.js';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { Source } from '../../src/model.js';
import { vmFigures } from '../../src/figures/figures.js';
import { createUserspaceExit } from '../../src/sources/userspace-exit.js';
import { BOOT, KernelTree } from './kernel-tree.js';
import { testOptions } from './options.js';

const INSTANCE = 'tcewatch-userspace-exit-100500000000';

/** Prints such a histogram as the kernel does (event_hist_trigger_print); no recording has one of this event. */
const printed = (dropped = 0) => `# event histogram
#
# trigger info: hist:keys=common_pid,reason:vals=hitcount:sort=hitcount:size=4096 if reason==19&&errno>=0 [active]
#

{ common_pid:        702, reason:         19 } hitcount:         12
{ common_pid:        701, reason:         19 } hitcount:         30

Totals:
    Hits: 42
    Entries: 2
    Dropped: ${dropped}
`;

let kernel: KernelTree;
let source: Source;
beforeEach(async () => {
  kernel = await KernelTree.make('kvm/kvm_userspace_exit');
  const stat = (tid: number) => `${tid} (qemu) S ${'0 '.repeat(18)}50 0\n`;
  await kernel.put('proc/700/stat', stat(700));
  await kernel.put('proc/700/cmdline', 'qemu-system-ppc64\0-name\0old\0-machine\0pseries,kvm-type=PR\0');
  for (const tid of [700, 701, 702]) await kernel.put(`proc/700/task/${tid}/stat`, stat(tid));
  await kernel.put('sys/kernel/debug/kvm/700-9/exits', '0\n');
  source = createUserspaceExit(testOptions(undefined, kernel.root), kernel.files);
});
afterEach(async () => {
  await source.close();
  await kernel.remove();
});

describe('the source userspace-exit', () => {
  it('counts all hypercalls that return to QEMU, as an upper bound of each kind', async () => {
    await source.open();
    expect(await readFile(join(kernel.root, kernel.file(INSTANCE, 'trigger')), 'utf8')).toBe(
      'hist:keys=common_pid,reason:size=4096 if reason==19&&errno>=0',
    );
    await kernel.put(kernel.file(INSTANCE, 'hist'), printed());
    const reading = await source.next();
    if (!reading) throw new Error('no reading');
    const counted = snapshot(advance(emptyLedger(), reading, DEFAULT_CAPS));
    const batch = buildBatch({ reading, snapshot: counted, run: BOOT, sequence: 1, intervalNs: 0n });
    const [vm] = vmFigures([batch]);
    expect(vm?.vm).toBe('old');
    expect(vm?.hypercalls.map(({ modes }) => modes.map(({ calls, evidence }) => `${calls} ${evidence}`))).toEqual(
      Array.from({ length: 4 }, () => ['0 absent', 'null unobservable', '42 upper-bound']),
    );
    expect(batch.accounts).toEqual([]);
  });

  it('says that it gives a bound, for whomever the calls were', async () => {
    await source.open();
    await kernel.put(kernel.file(INSTANCE, 'hist'), printed(5));
    const reading = await source.next();
    expect(evidenceFor(reading?.unattributedEvidence ?? [], 'userspace', 'H_PUT_TCE').evidence).toBe('upper-bound');
    expect(reading?.problems).toEqual([
      '5 returns to userspace were not counted, since the table is full: raise hist.size',
    ]);
  });

  it('refuses what is no histogram, and says what to do without KVM', async () => {
    await source.open();
    await kernel.put(kernel.file(INSTANCE, 'hist'), 'nonsense\n');
    await expect(source.next()).rejects.toMatchObject({ code: 'hist-malformed' });
    await rm(join(kernel.root, 'sys/kernel/tracing/events/kvm'), { recursive: true });
    await rm(join(kernel.root, 'sys/kernel/tracing/instances', INSTANCE), { recursive: true });
    await expect(source.open()).rejects.toThrow(/modprobe kvm_pr/);
  });
});
