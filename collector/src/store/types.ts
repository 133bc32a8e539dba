/**
 * What people and programs ask of the store, as types. Times are nanoseconds since 1970 on the clock of the host that a
 * row is about; ids are UUID text; counts are increases, summed over the epochs of a counter.
 */
import type { Counter, CounterValues, Hypercall, LossKind, Mmu, ModeEvidence, Scope, Span } from '@tcewatch/protocol';
import type { HostRun } from '../hosts/agent-runs.js';
import type { AlertEvent } from '../alerts/event.js';
import type { AlertName, Severity } from '../alerts/table.js';

/** Time from `fromNs` (inclusive) to `toNs` (exclusive); without them since the beginning and until now. */
export interface TimeRange {
  fromNs?: bigint;
  toNs?: bigint;
}

/** Rows of one host, of one VM life, or of all. */
export interface Subject {
  hostId?: string;
  life?: string;
}

/** A host as its newest batch told of it. */
export interface HostRow {
  hostId: string;
  hostName: string;
  kernel: string;
  cpu: string;
  platform: string;
  agentVersion: string;
  source: string;
  bootId: string;
  epoch: string;
  intervalNs: bigint;
  /** When the host was last read. */
  readAtNs: bigint;
  /** What went wrong in that reading, in words for the operator. */
  problems: string[];
}

/** The newest facts of a VM; null where the agent could not tell. */
export interface VmFactsRow {
  observedAtNs: bigint;
  tceTables: number | null;
  vfioGroups: number[] | null;
  memlockBytes: bigint | null;
  qemu: string | null;
  libvirtDomain: string | null;
  podUid: string | null;
  mmu: Mmu | null;
  vcpus: number | null;
}

/** A life of a VM that its host's newest reading told of. */
export interface LivingVmRow {
  hostId: string;
  life: string;
  vm: string;
  uuid: string;
  startedAtNs: bigint;
  evidence: ModeEvidence[];
}

/** One life of a VM. */
export interface VmRow extends LivingVmRow {
  tgid: number;
  /** The process is gone; its counts are final. */
  ended: boolean;
  /** Facts of the VM; null until the agent could read any. */
  facts: VmFactsRow | null;
}

/** Counts of one VM life and hypercall, over all LIOBNs. A counter that was never told is left out, it is not 0. */
export interface CountRow {
  hostId: string;
  life: string;
  hypercall: Hypercall;
  counters: CounterValues;
}

/**
 * Milliseconds of a bucket of the recent counts: what a VM does now is what it did in the current bucket and the one
 * before.
 */
export const RECENT_MS = 5 * 60_000;

/** Counts of one VM life, hypercall and LIOBN; `liobn` is 0 unless the scope is `one`. */
export interface LiobnRow extends CountRow {
  scope: Scope;
  liobn: bigint;
}

/** Gain of a VM's counters for one hypercall, from `atNs` to `atNs` + step. */
export interface StepRow {
  atNs: bigint;
  hypercall: Hypercall;
  counters: CounterValues;
  /** Whether the host was read in this step; if not, its calls are in the next one that was, and a 0 says nothing. */
  read: boolean;
}

/** Bounds of a duration, in microseconds; `upToUs` is null for all that took longer. */
export interface LatencyBounds {
  aboveUs: number;
  upToUs: number | null;
}

/** Latencies of one VM life, span and hypercall, of the calls that were measured. */
export interface SpanRow {
  span: Span;
  hypercall: Hypercall;
  /** Calls that were measured, and their times together. */
  calls: number;
  totalUs: number;
  /** Calls that were counted and not measured; null where they were not counted either. */
  unmeasured: number | null;
  /** The buckets that have calls, the fastest first. */
  buckets: (LatencyBounds & { calls: number })[];
  /** The bucket of the slowest of the fastest 50 % (99 %) of the calls; null without calls. */
  p50: LatencyBounds | null;
  p99: LatencyBounds | null;
}

/** Latencies of a VM life over a range. */
export interface LatencyRow {
  spans: SpanRow[];
  /** Seconds from the reading before the range to the last one in it, as far as the VM lived; null without two. */
  seconds: number | null;
  /**
   * Milliseconds of each second that its threads together spent on round trips to userspace; at least so many, where some
   * of them were not measured. Null where none was, though there were punts, or where nobody counts them.
   */
  lostMsPerSecond: number | null;
}

/** The books of one host and counter. They balance when seen = stored + lost. */
export interface AccountRow {
  hostId: string;
  counter: Extract<Counter, 'entered' | 'punted'>;
  /** Events that the kernel saw, the lost ones included. */
  seen: number;
  /** Events that the series tables hold: never computed from `seen`. */
  stored: number;
  /** Events that the kernel declared lost: the sum of `losses`. */
  lost: number;
  losses: Record<LossKind, number>;
}

/** One epoch of a guest that counts what it issues itself (the agent's source `guest`). */
export interface GuestSpan {
  /** Id of the guest, which is a host of its own, and life of its one VM, which it is itself. */
  hostId: string;
  life: string;
  /** Uuid by which its host knows it. */
  uuid: string;
  /** When it was first and last read. */
  firstNs: bigint;
  lastNs: bigint;
}

/** Choice of alerts by their newest events; the newest `limit` of them. */
export interface AlertFilter {
  hostId?: string;
  /** Name of a VM. */
  vm?: string;
  state?: AlertEvent['state'];
  severity?: Severity;
  alert?: AlertName;
  /** Time in which the alert fired at some moment: from `sinceNs` (inclusive) to `untilNs` (exclusive). */
  sinceNs?: bigint;
  untilNs?: bigint;
  limit: number;
}

/** Questions to the store. Each rejects with StoreError; each reads no more than the rollup that its range needs. */
export interface StoreQueries {
  hosts(): Promise<HostRow[]>;
  vms(subject?: Subject): Promise<VmRow[]>;
  counters(question?: TimeRange & Subject): Promise<CountRow[]>;
  /** VMs that have not ended, of the day in which their host was last read. */
  livingVms(): Promise<LivingVmRow[]>;
  /**
   * What the counters of calls gained in the last minutes of each host, up to its newest reading ({@link RECENT_MS}). Lives
   * that called nothing are left out. What a fleet did is read from an hour in buckets of five minutes.
   */
  recent(): Promise<CountRow[]>;
  /** `stepNs` is a whole number of seconds; steps are aligned to it. */
  counterSteps(question: { life: string; fromNs: bigint; toNs: bigint; stepNs: bigint }): Promise<StepRow[]>;
  liobns(question: TimeRange & Subject & { life: string }): Promise<LiobnRow[]>;
  latency(question: TimeRange & Subject & { life: string }): Promise<LatencyRow>;
  /** The newest event of each alert, newest alert first. */
  alerts(filter: AlertFilter): Promise<AlertEvent[]>;
  /**
   * The newest event of the newest alert of each living VM, one that fires before one that does not, and of each alert
   * about a host that fires.
   */
  newestAlerts(): Promise<AlertEvent[]>;
  /** Every event of one alert, in order. */
  alertEvents(alertId: string): Promise<AlertEvent[]>;
  accounts(): Promise<AccountRow[]>;
  guestSpans(): Promise<GuestSpan[]>;
  /** When each host was last read. */
  freshness(): Promise<{ hostId: string; readAtNs: bigint }[]>;
  /** Runs of agents that spoke for each host in the ten minutes of its newest reading and the ten before. */
  hostRuns(): Promise<HostRun[]>;
  /** Resolves when ClickHouse answers; for readiness. */
  ping(): Promise<void>;
}
