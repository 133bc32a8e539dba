/**
 * The load of a generated host: how often each of its threads has made each hypercall at any instant. A pure function
 * of seed and time, as if a kernel counted: what reads it may die, and nothing is lost.
 */
import { HYPERCALL_NAMES, deriveId, hasOneEntry } from '@tcewatch/protocol';
import type { Cell, VmSighting } from '@tcewatch/agent';
import type { Hypercall, ModeEvidence } from '@tcewatch/protocol';
import { diceOf } from './random.js';

/** A load; times in milliseconds since 1970. */
export interface LoadSpec {
  seed: number;
  /** Key and name of the host. */
  host: string;
  vms: number;
  /** The times at which it begins and ends: from then on no count grows. */
  beginsMs: number;
  endsMs: number;
}

/** Calls of one thread, hypercall and LIOBN. */
interface Stream {
  tid: number;
  hypercall: Hypercall;
  liobn: bigint;
  callsPerMs: number;
  /** Share of the calls that go to userspace. */
  punted: number;
  entriesPerCall: number;
}

export interface GeneratedVm {
  sighting: VmSighting;
  bornMs: number;
  diesMs: number;
  streams: Stream[];
}

const LIOBNS = [0x71000002n, 0x71000003n, 0x80000000n, 0x80000001n, 0x80000100n, 0x80000101n];
const THREADS = 2;
/** Linux asks for up to so many at once. */
const MOST_ENTRIES = 512;
const MOST_CALLS_PER_MS = 5;
const EVIDENCE: ModeEvidence[] = [
  { mode: 'real', evidence: 'absent', reason: 'real-mode-retired' },
  { mode: 'virtual', evidence: 'exact', reason: '' },
  { mode: 'userspace', evidence: 'exact', reason: '' },
];

export function bootIdOf({ seed, host }: LoadSpec): string {
  return deriveId('soak', seed, host, 'boot');
}

/** Makes the VMs of a load: some are born while the load runs, and some die before it ends. */
export function vmsOf(spec: LoadSpec): GeneratedVm[] {
  const dice = diceOf(spec.seed);
  const lengthMs = spec.endsMs - spec.beginsMs;
  return Array.from({ length: spec.vms }, (_, i) => {
    const bornMs = spec.beginsMs + (dice.int(0, 1) === 0 ? 0 : Math.floor(dice.real(0, 0.5) * lengthMs));
    const diesMs = spec.endsMs - (dice.int(0, 3) > 0 ? 0 : Math.floor(dice.real(0, 0.25) * lengthMs));
    const tgid = 1000 + 10 * i;
    const startedNs = uptimeNs(spec, bornMs);
    const tids = Array.from({ length: THREADS }, (_, thread) => tgid + 1 + thread);
    const fallsBack = dice.int(0, 3) === 0;
    return {
      bornMs,
      diesMs,
      sighting: {
        life: deriveId(bootIdOf(spec), tgid, startedNs),
        name: `guest-${i}`,
        uuid: deriveId(spec.host, 'uuid', i),
        tgid,
        startedNs,
        threads: tids.map((tid) => ({ tid, startedNs })),
        evidence: EVIDENCE,
      },
      streams: tids.flatMap((tid) =>
        HYPERCALL_NAMES.flatMap((hypercall) =>
          LIOBNS.map((liobn) => ({
            tid,
            hypercall,
            liobn,
            callsPerMs: dice.real(0, MOST_CALLS_PER_MS),
            punted: fallsBack ? dice.real(0, 1) : 0,
            entriesPerCall: hasOneEntry(hypercall) ? 1 : dice.int(1, MOST_ENTRIES),
          })),
        ),
      ),
    };
  });
}

/** Gives the uptime of a host that was booted an hour before its load begins. */
export function uptimeNs({ beginsMs }: LoadSpec, nowMs: number): bigint {
  return 3_600_000_000_000n + BigInt(nowMs - beginsMs) * 1_000_000n;
}

/** Gives what a kernel has counted of the VM: who entered by LIOBN, and who was punted without. */
export function cellsAt({ bornMs, diesMs, streams }: GeneratedVm, nowMs: number): Cell[] {
  const livedMs = Math.min(Math.max(nowMs, bornMs), diesMs) - bornMs;
  const punts = new Map<string, Cell>();
  const entered = streams.flatMap((stream): Cell[] => {
    const { tid, hypercall, liobn, callsPerMs, punted, entriesPerCall } = stream;
    const calls = Math.floor(livedMs * callsPerMs);
    const key = `${tid} ${hypercall}`;
    const before = punts.get(key)?.calls ?? 0;
    const after = before + Math.floor(calls * punted);
    if (after > 0) punts.set(key, { counter: 'punted', tid, hypercall, scope: 'all', liobn: 0n, calls: after });
    if (calls === 0) return [];
    const cell: Cell = { counter: 'entered', tid, hypercall, scope: 'one', liobn, calls };
    return [hasOneEntry(hypercall) ? cell : { ...cell, entries: calls * entriesPerCall }];
  });
  return [...entered, ...punts.values()];
}
