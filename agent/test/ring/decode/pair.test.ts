import { LATENCY_BUCKETS } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CELL_LIMITS, NO_THREAD } from '../../../src/ring/decode/cells.js';
import { latencyBucket } from '../../../src/ring/decode/latency.js';
import { Pairing } from '../../../src/ring/decode/pair.js';
import { table } from './recorded.js';

const [CPU, TID, LIOBN] = [3, 100, 0x80000000];

function only(pairing: Pairing) {
  const [cell, ...more] = pairing.cells();
  expect(more).toEqual([]);
  return cell!;
}

describe('pairing', () => {
  it('times the round trip of a punt, from its exit until the thread is back in KVM_RUN', () => {
    const pairing = new Pairing();
    pairing.entered(CPU, 1_000_000, TID, 'H_PUT_TCE_INDIRECT', LIOBN, 16);
    pairing.exited(CPU, 1_029_000, TID, 'userspace', 'H_PUT_TCE_INDIRECT');
    pairing.runEntered(1_429_900, TID);
    pairing.runEntered(9_000_000, TID);
    expect(only(pairing)).toMatchObject({ entered: 1, punted: 1, entries: 16, puntedEntries: 16 });
    const trip = { span: 'round_trip', tid: TID, hypercall: 'H_PUT_TCE_INDIRECT', bucket: 9, calls: 1, totalUs: 400 };
    expect([...pairing.latencies()]).toEqual([trip]);
  });

  it('times handled calls by thread, hypercall and bucket, whatever their LIOBN', () => {
    const pairing = new Pairing();
    const call = (tid: number, hypercall: Hypercall, liobn: number, us: number) => {
      pairing.entered(CPU, 5_000_000, tid, hypercall, liobn, 1);
      pairing.exited(CPU, 5_000_000 + us * 1000, tid, 'virtual', undefined);
    };
    call(TID, 'H_PUT_TCE', LIOBN, 98);
    call(TID, 'H_PUT_TCE', LIOBN + 1, 65);
    call(TID, 'H_PUT_TCE', LIOBN, 200);
    call(TID, 'H_STUFF_TCE', LIOBN, 98);
    call(200, 'H_PUT_TCE', LIOBN, 98);
    // A clock that went back.
    call(200, 'H_PUT_TCE', LIOBN, -7);
    const told = [...pairing.latencies()].map((cell) => Object.values(cell).join(' '));
    expect(told).toEqual([
      'handled 100 H_PUT_TCE 7 2 163',
      'handled 100 H_PUT_TCE 8 1 200',
      'handled 100 H_STUFF_TCE 7 1 98',
      'handled 200 H_PUT_TCE 0 1 0',
      'handled 200 H_PUT_TCE 7 1 98',
    ]);
  });

  it('counts entries by what a hypercall may ask for', () => {
    const pairing = new Pairing();
    pairing.entered(CPU, 1, TID, 'H_PUT_TCE', LIOBN, Infinity);
    pairing.entered(CPU, 2, TID, 'H_PUT_TCE_INDIRECT', LIOBN, 512);
    pairing.entered(CPU, 3, TID, 'H_PUT_TCE_INDIRECT', LIOBN, 513);
    pairing.entered(CPU, 4, TID, 'H_STUFF_TCE', LIOBN, 4096);
    pairing.entered(CPU, 5, TID, 'H_STUFF_TCE', LIOBN, Infinity);
    const entries = [...pairing.cells()].map((cell) => [cell.hypercall, cell.entered, cell.entries]);
    expect(entries).toEqual([
      ['H_PUT_TCE', 1, 1],
      ['H_PUT_TCE_INDIRECT', 2, 512],
      ['H_STUFF_TCE', 2, 4096],
    ]);
    expect(pairing.tally.oversized).toBe(2);
  });

  it('keeps LIOBNs apart that differ above 32 bits or beyond what a double holds', () => {
    const pairing = new Pairing();
    const liobns = [LIOBN, 0x1_80000000n, 0x8000000000000001n, 0x8000000000000002n];
    for (const liobn of liobns) pairing.entered(CPU, 1, TID, 'H_PUT_TCE', liobn, 0);
    expect([...pairing.cells()].map((cell) => cell.liobn)).toEqual(liobns.map(BigInt));
  });

  it('is still in KVM until its exit is seen', () => {
    const pairing = new Pairing();
    pairing.entered(CPU, 1, TID, 'H_PUT_TCE', LIOBN, 0);
    expect(pairing.inFlight).toBe(1);
    pairing.exited(CPU, 2, TID, 'neither', undefined);
    expect(pairing.inFlight).toBe(0);
    expect(pairing.tally).toMatchObject({ enters: 1, paired: 1, neither: 1 });
    expect(only(pairing)).toMatchObject({ entered: 1, punted: 0 });
    expect([...pairing.latencies()]).toEqual([]);
  });
});

describe('pairing with losses', () => {
  it('counts a punt whose enter was lost, without its LIOBN', () => {
    const pairing = new Pairing();
    pairing.exited(CPU, 1000, TID, 'userspace', 'H_PUT_TCE');
    pairing.runEntered(9000, TID);
    expect(only(pairing)).toMatchObject({ scope: 'all', entered: 0, punted: 1, puntedEntries: 1 });
    expect([...pairing.latencies()]).toMatchObject([{ span: 'round_trip', bucket: 3, calls: 1, totalUs: 8 }]);
    expect(pairing.tally).toMatchObject({ enters: 0, entersMissing: 1, otherExits: 0 });
  });

  it('passes over exits of other hypercalls', () => {
    const pairing = new Pairing();
    pairing.exited(CPU, 1, TID, 'userspace', undefined);
    pairing.exited(CPU, 2, TID, 'virtual', undefined);
    expect([...pairing.cells()]).toEqual([]);
    expect(pairing.tally.otherExits).toBe(2);
  });

  it.each<[string, (pairing: Pairing) => void]>([
    [
      'another TCE enter',
      (pairing) => {
        pairing.entered(CPU, 2, TID, 'H_PUT_TCE', LIOBN, 0);
      },
    ],
    [
      'an enter of another hypercall',
      (pairing) => {
        pairing.enteredOther(TID);
      },
    ],
    [
      'a punt of another hypercall',
      (pairing) => {
        pairing.exited(CPU, 2, TID, 'userspace', undefined);
      },
    ],
    [
      'a gap',
      (pairing) => {
        pairing.gap(2);
      },
    ],
  ])('takes %s as a sign that the exit was lost', (_what, sign) => {
    const pairing = new Pairing();
    pairing.entered(CPU, 1, TID, 'H_PUT_TCE', LIOBN, 0);
    sign(pairing);
    pairing.exited(CPU, 3, TID, 'virtual', undefined);
    expect(pairing.tally.exitsMissing).toBe(1);
    expect(pairing.tally.enters).toBe(pairing.tally.paired + 1);
  });

  it('does not give a punt to a call of another hypercall', () => {
    const pairing = new Pairing();
    pairing.entered(CPU, 1, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(CPU, 2, TID, 'userspace', 'H_STUFF_TCE');
    expect(table(pairing)).toEqual([
      '100 0x80000000 H_PUT_TCE: 1 virtual, 0 userspace',
      '100 all H_STUFF_TCE: -1 virtual, 1 userspace',
    ]);
    expect(pairing.tally).toMatchObject({ exitsMissing: 1, entersMissing: 1, paired: 0 });
  });

  it('trusts pairs of one CPU while another has a gap, and of two CPUs after it', () => {
    const pairing = new Pairing();
    pairing.gap(100);
    pairing.entered(0, 10, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(0, 20, TID, 'virtual', undefined);
    expect(pairing.tally).toMatchObject({ paired: 1, exitsMissing: 0 });
    pairing.entered(0, 30, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(1, 110, TID, 'virtual', undefined);
    expect(pairing.tally).toMatchObject({ paired: 1, exitsMissing: 1 });
    pairing.entered(0, 120, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(1, 130, TID, 'virtual', undefined);
    expect(pairing.tally).toMatchObject({ paired: 2, exitsMissing: 1 });
  });
});

describe('pairing with the exits of punts alone', () => {
  it('gives a punt to the newest enter', () => {
    const pairing = new Pairing(DEFAULT_CELL_LIMITS, 'punts');
    pairing.entered(CPU, 1, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.entered(CPU, 2, TID, 'H_PUT_TCE', LIOBN + 1, 0);
    pairing.exited(CPU, 3, TID, 'userspace', 'H_PUT_TCE');
    expect(table(pairing)).toEqual([
      '100 0x80000000 H_PUT_TCE: 1 virtual, 0 userspace',
      '100 0x80000001 H_PUT_TCE: 0 virtual, 1 userspace',
    ]);
  });

  it('trusts no pair that begins within a gap', () => {
    const pairing = new Pairing(DEFAULT_CELL_LIMITS, 'punts');
    pairing.gap(100);
    pairing.entered(CPU, 10, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(CPU, 20, TID, 'userspace', 'H_PUT_TCE');
    expect(pairing.tally).toMatchObject({ paired: 0, entersMissing: 1 });
    pairing.entered(CPU, 100, TID, 'H_PUT_TCE', LIOBN, 0);
    pairing.exited(CPU, 130, TID, 'userspace', 'H_PUT_TCE');
    expect(pairing.tally).toMatchObject({ paired: 1, entersMissing: 1 });
  });
});

describe('caps', () => {
  it('fold the LIOBNs of a thread that uses too many, and of no other thread', () => {
    const pairing = new Pairing({ threads: 10, liobns: 2, cells: 100 });
    for (let liobn = 0; liobn < 1000; liobn++) {
      pairing.entered(CPU, liobn, TID, 'H_PUT_TCE', liobn, 0);
      pairing.exited(CPU, liobn, TID, 'userspace', 'H_PUT_TCE');
    }
    pairing.entered(CPU, 1, 200, 'H_PUT_TCE', LIOBN, 0);
    expect(table(pairing)).toEqual([
      '100 0x0 H_PUT_TCE: 0 virtual, 1 userspace',
      '100 0x1 H_PUT_TCE: 0 virtual, 1 userspace',
      '100 other H_PUT_TCE: 0 virtual, 998 userspace',
      '200 0x80000000 H_PUT_TCE: 1 virtual, 0 userspace',
    ]);
    expect(pairing.tally).toMatchObject({ folded: 998, paired: 1000 });
  });

  it('bound the cells of all threads together', () => {
    const pairing = new Pairing({ threads: 10, liobns: 10, cells: 3 });
    for (let i = 0; i < 10; i++) pairing.entered(CPU, i, 100 + i, 'H_PUT_TCE', LIOBN, 0);
    const cells = [...pairing.cells()];
    expect(cells.filter(({ scope }) => scope === 'one')).toHaveLength(3);
    expect(cells.reduce((sum, { entered }) => sum + entered, 0)).toBe(10);
  });

  it('count the calls of threads beyond them under no thread, punts included', () => {
    const pairing = new Pairing({ threads: 1, liobns: 10, cells: 10 });
    for (const tid of [TID, 200, 300]) {
      pairing.entered(CPU, 1, tid, 'H_STUFF_TCE', LIOBN, 4);
      pairing.exited(CPU, 2, tid, 'userspace', 'H_STUFF_TCE');
    }
    expect(table(pairing)).toEqual([
      `${NO_THREAD} other H_STUFF_TCE: 0 virtual, 2 userspace`,
      '100 0x80000000 H_STUFF_TCE: 0 virtual, 1 userspace',
    ]);
  });
});

describe('latencyBucket', () => {
  it('has the latencies above 2^(n-1) and up to 2^n microseconds in bucket n', () => {
    expect([0, 1, 2, 3, 4, 5, 8, 9].map(latencyBucket)).toEqual([0, 0, 1, 2, 2, 3, 3, 4]);
    for (let n = 1; n < LATENCY_BUCKETS; n++) {
      expect(latencyBucket(2 ** n)).toBe(n);
      expect(latencyBucket(2 ** n + 1)).toBe(Math.min(n + 1, LATENCY_BUCKETS - 1));
    }
    expect(latencyBucket(2 ** 60)).toBe(LATENCY_BUCKETS - 1);
  });
});
