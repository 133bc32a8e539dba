/** Readings as a test wants them, and what the ledger tells after them. */
import { deriveId, seriesRow } from '@tcewatch/protocol';
import type { SeriesRow } from '@tcewatch/protocol';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import type { LedgerCaps, LedgerSnapshot } from '../../src/ledger/state.js';
import type { Cell, Reading, VmSighting } from '../../src/model.js';

export const EPOCH = deriveId('epoch');

export function vm(name: string, ...tids: number[]): VmSighting {
  const threads = tids.map((tid) => ({ tid, startedNs: 1n }));
  return { life: deriveId(name), name, uuid: '', tgid: 1, startedNs: 1n, threads, evidence: [] };
}

export function entered(tid: number, calls: number, more: Partial<Cell> = {}): Cell {
  return { counter: 'entered', tid, hypercall: 'H_STUFF_TCE', scope: 'one', liobn: 0x80000000n, calls, ...more };
}

export function reading(cells: Cell[], vms: VmSighting[] | undefined, more: Partial<Reading> = {}): Reading {
  return {
    clock: { wallNs: 0n, uptimeNs: 5n },
    host: { id: 'h', name: 'h', kernel: '', cpu: '', platform: '', agentVersion: '', source: 'test' },
    bootId: deriveId('boot'),
    epoch: EPOCH,
    epochBeganNs: 1n,
    cells,
    accounts: [],
    vms,
    unattributedEvidence: [{ mode: 'real', evidence: 'unobservable', reason: 'mmu-unknown' }],
    problems: [],
    ...more,
  };
}

export function after(readings: readonly Reading[], caps: Partial<LedgerCaps> = {}): LedgerSnapshot {
  return snapshot(readings.reduce((state, next) => advance(state, next, { ...DEFAULT_CAPS, ...caps }), emptyLedger()));
}

/** Rows with the VM's name for its index. */
export function rows({ vms, series }: LedgerSnapshot): (Omit<SeriesRow, 'vm'> & { vm: string | undefined })[] {
  return Array.from({ length: series.length }, (_, i) => {
    const row = seriesRow(series, i);
    return { ...row, vm: vms[row.vm]?.name };
  });
}

export const values = (told: LedgerSnapshot, ...counters: string[]) =>
  rows(told)
    .filter(({ counter }) => counters.length === 0 || counters.includes(counter))
    .map(({ vm, counter, scope, value }) => `${vm} ${counter} ${scope} ${value}`);
