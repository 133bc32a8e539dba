import { UNATTRIBUTED_LIFE, deriveId } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { advance } from '../../src/ledger/advance.js';
import { encodeCheckpoint } from '../../src/ledger/checkpoint.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { emptyLedger } from '../../src/ledger/state.js';
import type { Cell, VmSighting } from '../../src/model.js';
import { EPOCH, after, entered, reading, rows, values, vm } from './readings.js';

describe('a thread id', () => {
  it('that another VM uses again leaves what it had counted with the VM before', () => {
    const told = after([
      reading([entered(7, 10)], [vm('a', 7)]),
      reading([entered(7, 15)], [vm('b', 7)]),
      reading([entered(7, 16)], []),
      // Calls between the reading of the histogram and that of /proc, just before the thread ended.
      reading([entered(7, 17)], []),
    ]);
    expect(values(told)).toEqual(['a entered one 10', 'b entered one 7']);
    expect(told.vms.map(({ name, ended }) => [name, ended])).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  it('that two VMs show belongs to the thread that started last', () => {
    const late = { ...vm('late'), threads: [{ tid: 7, startedNs: 9n }] };
    expect(values(after([reading([entered(7, 1)], [late, vm('early', 7)])]))).toEqual(['late entered one 1']);
  });

  it('that no VM was seen to own is unattributed, with the evidence for such', () => {
    const told = after([reading([entered(7, 3)], [])]);
    expect(values(told)).toEqual(['unattributed entered one 3']);
    expect(told.vms).toEqual([
      {
        life: UNATTRIBUTED_LIFE,
        name: 'unattributed',
        uuid: '',
        tgid: 0,
        startedNs: 0n,
        ended: false,
        evidence: [{ mode: 'real', evidence: 'unobservable', reason: 'mmu-unknown' }],
      },
    ]);
  });

  it('of a VM that lived and died between two readings is unattributed, also when a VM that is seen uses it next', () => {
    const told = after([
      reading([], [vm('a', 5)]),
      // Both readings of /proc found a alone; in between, a VM with the thread 7 made three calls.
      reading([entered(7, 3)], [vm('a', 5)]),
      reading([entered(7, 3)], [vm('a', 5), vm('b', 7)]),
      reading([entered(7, 8)], [vm('a', 5), vm('b', 7)]),
    ]);
    expect(values(told)).toEqual(['unattributed entered one 3', 'b entered one 5']);
  });

  it('stays with its VM while the host cannot be looked at', () => {
    const told = after([reading([], [vm('a', 7)]), reading([entered(7, 3)], undefined)]);
    expect(values(told)).toEqual(['a entered one 3']);
    expect(told.vms[0]?.ended).toBe(false);
  });
});

it('adds up cells that the kernel prints twice', () => {
  expect(values(after([reading([entered(7, 3), entered(7, 4)], [vm('a', 7)])]))).toEqual(['a entered one 7']);
});

describe('a VM', () => {
  const seen = (facts: VmSighting['facts']) => ({ ...vm('a', 7), ...(facts && { facts }) });

  it('keeps the newest facts that are known', () => {
    const told = after([
      reading([], [seen({ observedNs: 1n, vcpus: 1 })]),
      reading([], [seen({ observedNs: 2n, vcpus: 2 })]),
      reading([], [seen(undefined)]),
    ]);
    expect(told.vms[0]?.facts).toEqual({ observedNs: 2n, vcpus: 2 });
  });

  it('that ended without a call is forgotten, and one with calls is not until the epoch ends', () => {
    const both = [vm('quiet', 6), vm('busy', 7)];
    const ended = [reading([entered(7, 1)], both), reading([entered(7, 1)], [])];
    expect(after(ended).vms.map(({ name }) => name)).toEqual(['busy']);
    expect(after([...ended, reading([], [], { epoch: deriveId('next') })]).vms).toEqual([]);
  });
});

describe('an epoch', () => {
  it('that begins a new epoch starts every series at zero', () => {
    const told = after([
      reading([entered(7, 10)], [vm('a', 7)]),
      reading([entered(7, 4)], [vm('a', 7)], { epoch: deriveId('next'), epochBeganNs: 3n }),
    ]);
    expect(values(told)).toEqual(['a entered one 4']);
    expect(told).toMatchObject({ epoch: deriveId('next'), epochBeganNs: 3n, problems: [] });
  });

  it('knows the threads that have ended since the last reading, and no dead ones', () => {
    const began = { epoch: deriveId('next') };
    const first = reading([entered(7, 10)], [vm('a', 7)]);
    expect(values(after([first, reading([entered(7, 4)], [], began)]))).toEqual(['a entered one 4']);
    const told = after([first, reading([entered(7, 10)], []), reading([entered(7, 4)], [], began)]);
    expect(values(told)).toEqual(['unattributed entered one 4']);
    expect(told.folded.vmCalls).toBe(0);
  });

  it.each([
    ['a cell goes back', [entered(7, 4), entered(8, 9)], 13],
    ['a cell is gone', [entered(8, 9)], 9],
  ])('begins a new epoch when %s unannounced, and says so', (_, cells, sum) => {
    const told = after([
      reading([entered(7, 10), entered(8, 2)], [vm('a', 7, 8)]),
      reading(cells, [vm('a', 7, 8)], { clock: { wallNs: 0n, uptimeNs: 9n } }),
    ]);
    expect(values(told)).toEqual([`a entered one ${sum}`]);
    expect(told).toMatchObject({ epoch: deriveId(EPOCH, 'restart', 1), epochBeganNs: 5n });
    expect(told.problems).toEqual([expect.stringContaining('went back')]);
  });

  it('begins a new epoch when the kernel says that it saw fewer events', () => {
    const seen = (events: number) => ({ accounts: [{ counter: 'entered' as const, seen: events, losses: [] }] });
    const told = after([reading([], [], seen(5)), reading([], [], seen(4)), reading([], [], seen(6))]);
    expect(told).toMatchObject({ epoch: deriveId(EPOCH, 'restart', 1), problems: [] });
  });
});

describe('a cap', () => {
  it('on LIOBNs leaves places to those that are used most, and counts the others as other', () => {
    const cells = [1n, 2n, 3n].map((liobn) => entered(7, Number(liobn) * 10, { liobn, entries: 5 }));
    const told = after([reading(cells, [vm('a', 7)])], { liobnsPerVm: 1 });
    expect(values(told)).toEqual([
      'a entered one 30',
      'a entered_entries one 5',
      'a entered other 30',
      'a entered_entries other 10',
    ]);
    expect(told.folded.liobnCalls).toBe(30);
  });

  it('on VMs counts the others as unattributed, and says so', () => {
    const told = after([reading([entered(7, 1), entered(8, 2)], [vm('a', 7), vm('b', 8)])], { vms: 1 });
    expect(values(told)).toEqual(['unattributed entered one 2', 'a entered one 1']);
    expect(told).toMatchObject({ folded: { vms: 1, vmCalls: 2 }, problems: [expect.stringContaining('caps.vms')] });
  });

  it('on threads keeps those that have counted', () => {
    const told = after([reading([entered(9, 1)], [vm('a', 7, 8, 9)]), reading([entered(9, 2)], undefined)], {
      threads: 1,
    });
    expect(values(told)).toEqual(['a entered one 2']);
    expect(told.sizes.threads).toBe(1);
  });
});

it('keeps no more, however long guests come and go and make up LIOBNs', () => {
  const caps = { liobnsPerVm: 8, vms: 16, threads: 64 };
  const cells: Cell[] = [];
  const kept: number[] = [];
  let state = emptyLedger();
  for (let n = 0; n < 100; n++) {
    // At each reading other threads, of other VMs and of nobody, and LIOBNs that nobody has named before.
    const tids = Array.from({ length: 20 }, (_, i) => 1000 + n * 20 + i);
    cells.push(entered(1, 1, { liobn: BigInt(n) }));
    cells.push(...tids.map((tid) => entered(tid, 1, { liobn: BigInt(tid) << 32n })));
    const vms = [vm('stays', 1), ...tids.slice(10).map((tid) => vm(`guest-${tid}`, tid))];
    state = advance(state, reading([...cells], vms), caps);
    // The cells are the kernel's, and bounded by its histogram.
    kept.push(JSON.stringify(encodeCheckpoint({ ...state, cells: new Map() })).length);
  }
  const told = snapshot(state);
  expect(rows(told).reduce((calls, { value }) => calls + value, 0)).toBe(cells.length);
  expect(told.vms.length).toBeLessThanOrEqual(caps.vms + 1);
  expect(told.sizes.threads).toBeLessThanOrEqual(caps.threads);
  // Numbers get longer, but there are no more of them.
  expect(kept.at(-1)).toBeLessThan(1.1 * (kept[49] ?? NaN));
});

it('tells what a source says that it could not do', () => {
  expect(after([reading([], [], { problems: ['cannot read x'] })]).problems).toEqual(['cannot read x']);
});

it('has nothing to tell before the first reading', () => {
  expect(() => snapshot(emptyLedger())).toThrow(RangeError);
});
