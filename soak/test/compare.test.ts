/** What a soak takes for equal: generated totals against answers of the read API that would be right, and wrong ones. */
import { HYPERCALL_NAMES, formatLiobn } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import type { FiguresAnswer, LiobnAnswer, Stored } from '../src/answers.js';
import { compare, generatedTotals, storedTotals } from '../src/compare.js';
import { cellsAt, vmsOf } from '../src/load.js';
import type { LoadSpec } from '../src/load.js';

const load: LoadSpec = { seed: 5, host: 'host-1', vms: 6, beginsMs: 1_000_000, endsMs: 1_060_000 };

/** What a collector would answer that had stored the load's last reading. */
function answers(): Stored {
  const liobns = new Map<string, LiobnAnswer[]>();
  let [entered, punted] = [0, 0];
  const counts = vmsOf(load).map((vm) => {
    const cells = cellsAt(vm, load.endsMs);
    const rows: LiobnAnswer[] = [];
    const hypercalls = HYPERCALL_NAMES.map((hypercall): FiguresAnswer => {
      const own = cells.filter((cell) => cell.hypercall === hypercall);
      const sum = (counter: string) => own.reduce((all, c) => all + (c.counter === counter ? c.calls : 0), 0);
      for (const { liobn, calls, entries } of own.filter(({ counter }) => counter === 'entered')) {
        const modes = [{ mode: 'virtual' as const, calls }];
        rows.push({ hypercall, scope: 'one', liobn: formatLiobn(liobn), modes, entries: entries ?? calls });
      }
      entered += sum('entered');
      punted += sum('punted');
      return {
        hypercall,
        entries: own.reduce((all, c) => all + (c.counter === 'entered' ? (c.entries ?? c.calls) : 0), 0),
        modes: [
          { mode: 'real', calls: 0 },
          { mode: 'virtual', calls: sum('entered') - sum('punted') },
          { mode: 'userspace', calls: sum('punted') },
        ],
      };
    });
    liobns.set(vm.sighting.life, rows);
    return { host: load.host, life: vm.sighting.life, vm: vm.sighting.name, hypercalls };
  });
  const books = { host: load.host, lost: 0 };
  return {
    counts,
    liobns,
    accounts: [
      { ...books, counter: 'entered', seen: entered, stored: entered },
      { ...books, counter: 'punted', seen: punted, stored: punted },
    ],
  };
}

describe('the totals of a generated load', () => {
  it('are those of the answers that have them', () => {
    const { series, calls, differences } = compare(generatedTotals([load]), storedTotals(answers()));
    expect(differences).toEqual([]);
    expect(series).toBeGreaterThan(300);
    expect(calls).toBeGreaterThan(1_000_000);
  });

  it('differ by one call', () => {
    const stored = answers();
    const mode = stored.counts[0]!.hypercalls[1]!.modes[1]!;
    mode.calls = (mode.calls ?? 0) - 1;
    const [difference, ...others] = compare(generatedTotals([load]), storedTotals(stored)).differences;
    expect(others).toEqual([]);
    expect(difference?.series).toBe('host-1 guest-0 H_PUT_TCE virtual');
    expect(difference!.expected - difference!.stored).toBe(1);
  });

  it('differ where one call is declared lost, where a figure is unknown, and where nobody generated it', () => {
    const stored = answers();
    stored.accounts[0]!.lost = 1;
    stored.counts[0]!.hypercalls[1]!.modes[2]!.calls = null;
    const modes = [{ mode: 'virtual' as const, calls: 3 }];
    stored.counts.push({
      host: 'host-1',
      life: '0',
      vm: 'unattributed',
      hypercalls: [{ hypercall: 'H_PUT_TCE', modes, entries: 3 }],
    });
    const { differences } = compare(generatedTotals([load]), storedTotals(stored));
    expect(differences.map(({ series }) => series).toSorted()).toEqual([
      'host-1 (all) entered lost',
      'host-1 guest-0 H_PUT_TCE userspace',
      'host-1 unattributed H_PUT_TCE entries',
      'host-1 unattributed H_PUT_TCE virtual',
    ]);
  });
});

it('counts of a load only grow, and no more is punted than entered', () => {
  for (const vm of vmsOf(load)) {
    let before = 0;
    for (let atMs = load.beginsMs; atMs <= load.endsMs + 10_000; atMs += 5_000) {
      const cells = cellsAt(vm, atMs);
      const sum = (counter: string) => cells.reduce((all, c) => all + (c.counter === counter ? c.calls : 0), 0);
      expect(sum('entered')).toBeGreaterThanOrEqual(before);
      expect(sum('punted')).toBeLessThanOrEqual(sum('entered'));
      before = sum('entered');
    }
    expect(cellsAt(vm, load.endsMs + 10_000)).toEqual(cellsAt(vm, load.endsMs));
  }
});
