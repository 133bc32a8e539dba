import { describe, expect, it } from 'vitest';
import type { VmSighting } from '../../../src/model.js';
import { vmsAt } from '../../../src/sources/replay/vm-snapshots.js';
import type { VmSnapshot } from '../../../src/sources/replay/vm-snapshots.js';

function vm(
  name: string,
  startedNs: bigint,
  threads: [tid: number, startedNs: bigint][],
  observedNs: bigint,
): VmSighting {
  return {
    life: name,
    name,
    uuid: '',
    tgid: 1,
    startedNs,
    threads: threads.map(([tid, startedNs]) => ({ tid, startedNs })),
    facts: { observedNs },
    evidence: [],
  };
}

const trees: VmSnapshot[] = [
  { completeNs: 20n, vms: [vm('a', 5n, [[1, 5n]], 20n)], problems: [] },
  {
    completeNs: 40n,
    vms: [
      vm(
        'a',
        5n,
        [
          [1, 5n],
          [2, 30n],
        ],
        40n,
      ),
      vm('b', 25n, [[3, 25n]], 40n),
    ],
    problems: ['cannot read x'],
  },
  { completeNs: 60n, vms: [vm('b', 25n, [[3, 25n]], 60n)], problems: [] },
];

function told(nowNs: bigint): string[] {
  return vmsAt(trees, nowNs).vms.map(
    ({ name, threads, facts }) =>
      `${name} ${threads.map(({ tid }) => tid).join(',')} ${facts?.observedNs ?? 'no facts'}`,
  );
}

describe('what the trees of a recording show', () => {
  it.each<[string, bigint, string[]]>([
    ['nothing before a process has started', 4n, []],
    ['a process from its start, without facts', 5n, ['a 1 no facts']],
    ['facts once their tree was complete', 20n, ['a 1 20']],
    ['a process of a later tree from its start', 25n, ['a 1 20', 'b 3 no facts']],
    ['a thread of a later tree from its start', 30n, ['a 1,2 20', 'b 3 no facts']],
    ['newer facts with the newer tree', 40n, ['a 1,2 40', 'b 3 40']],
    ['a process until a complete tree lacks it', 59n, ['a 1,2 40', 'b 3 40']],
    ['it no more then', 60n, ['b 3 60']],
  ])('is %s', (_, nowNs, expected) => {
    expect(told(nowNs)).toEqual(expected);
  });

  it('comes with what could not be read of the tree', () => {
    expect(vmsAt(trees, 45n).problems).toEqual(['cannot read x']);
    expect(vmsAt(trees, 60n).problems).toEqual([]);
  });

  it('is nothing without trees', () => {
    expect(vmsAt([], 9n)).toEqual({ vms: [], problems: [] });
  });
});
