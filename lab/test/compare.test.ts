/** The verdict: right only when every figure is equal and what was to be shown did happen. */
import { describe, expect, it } from 'vitest';
import { UNATTRIBUTED_LIFE } from '@tcewatch/protocol';
import type { Stored } from '../src/collector.js';
import { compare, isRight } from '../src/compare.js';
import type { Counted } from '../src/compare.js';
import type { CallsByThread, RingCount } from '../src/ring-text.js';

const TID = 198;

function calls(entered: number, punted: number): CallsByThread {
  return new Map([[TID, new Map([['H_STUFF_TCE', { entered, punted }]])]]);
}

/** One guest that made 1000 calls, 300 of them in userspace; 900 between the two readings of its own count. */
function run(): { guests: Counted[]; ring: RingCount; stored: Stored } {
  const guest: Counted = {
    name: 'hot',
    life: 1,
    tgid: 178,
    threads: [TID],
    expected: ['virtual', 'userspace'],
    readings: [
      { from: 'a', to: 'b', issued: new Map([['H_STUFF_TCE', 42]]) },
      { from: 'c', to: 'd', issued: new Map([['H_STUFF_TCE', 942]]) },
    ],
  };
  const early = calls(60, 0);
  const late = calls(960, 300);
  const modes = [
    { mode: 'real' as const, calls: 0, evidence: 'absent' },
    { mode: 'virtual' as const, calls: 700, evidence: 'exact' },
    { mode: 'userspace' as const, calls: 300, evidence: 'exact' },
  ];
  return {
    guests: [guest],
    ring: {
      calls: calls(1000, 300),
      marks: new Map([
        ['a', early],
        ['b', early],
        ['c', late],
        ['d', late],
      ]),
    },
    stored: {
      vms: [{ life: 'l', name: 'hot', tgid: 178 }],
      counts: [{ life: 'l', vm: 'hot', hypercalls: [{ hypercall: 'H_STUFF_TCE', modes }] }],
      accounts: [
        { counter: 'entered', seen: 1000, stored: 1000, lost: 0 },
        { counter: 'punted', seen: 300, stored: 300, lost: 0 },
      ],
      alerts: [],
    },
  };
}

type Run = ReturnType<typeof run>;

function verdict({ guests, ring, stored }: Run): boolean {
  return isRight(compare(guests, ring, stored));
}

describe('the verdict', () => {
  it('is right when all figures are equal', () => {
    const { guests, ring, stored } = run();
    expect(compare(guests, ring, stored)).toEqual({
      rows: [
        {
          vm: 'hot (life 1)',
          hypercall: 'H_STUFF_TCE',
          virtual: { first: 700, second: 700 },
          userspace: { first: 300, second: 300 },
          issued: { first: 900, second: 900 },
        },
      ],
      faults: [],
    });
    expect(verdict(run())).toBe(true);
  });

  it.each<[string, (changed: Run) => unknown]>([
    ['a call more in ClickHouse', (r) => (mode(r, 1).calls = 701)],
    ['a call less in userspace', (r) => (mode(r, 2).calls = 299)],
    ['a figure that is unobservable', (r) => (mode(r, 1).calls = null)],
    ['calls in real mode', (r) => (mode(r, 0).calls = 1)],
    ['a VM that is not there', (r) => (r.stored.vms = [])],
    ['calls of no VM', (r) => r.stored.counts.push({ life: UNATTRIBUTED_LIFE, vm: '', hypercalls: [] })],
    ['a call that the guest did not issue', (r) => r.guests[0]!.readings[1]!.issued.set('H_STUFF_TCE', 941)],
    ['no quiet reading at the end', (r) => r.ring.marks.set('d', calls(961, 300))],
    ['one reading alone', (r) => r.guests[0]!.readings.pop()],
    ['a thread of no guest', (r) => r.ring.calls.set(7, new Map([['H_GET_TCE', { entered: 0, punted: 0 }]]))],
    ['a thread id of two guests', (r) => r.guests.push({ ...r.guests[0]!, life: 2 })],
    ['books that do not balance', (r) => (r.stored.accounts[0]!.stored = 999)],
    ['events declared lost', (r) => Object.assign(r.stored.accounts[0]!, { seen: 1001, lost: 1 })],
    ['events declared lost of those recorded', (r) => Object.assign(r.stored.accounts[0]!, { stored: 999, lost: 1 })],
    ['a mode that was to be shown and was not', (r) => (r.guests[0]!.expected = ['virtual'])],
    ['nothing to compare', (r) => r.guests.pop()],
  ])('is wrong for %s', (_, change) => {
    const changed = run();
    change(changed);
    expect(verdict(changed)).toBe(false);
  });

  it('lets events be declared lost where a guest floods the histogram', () => {
    const flooded = run();
    flooded.guests[0]!.isFlooding = true;
    Object.assign(flooded.stored.accounts[0]!, { stored: 999, lost: 1 });
    expect(verdict(flooded)).toBe(true);
  });

  it('takes the quiet readings of several', () => {
    const changed = run();
    changed.ring.marks.set('x', calls(950, 300));
    changed.guests[0]!.readings.push({ from: 'x', to: 'd', issued: new Map([['H_STUFF_TCE', 950]]) });
    expect(verdict(changed)).toBe(true);
  });
});

function mode({ stored }: Run, index: number): { calls: number | null } {
  return stored.counts[0]!.hypercalls[0]!.modes[index]!;
}
