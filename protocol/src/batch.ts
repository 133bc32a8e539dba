/** The batch as programs hold it: one reading of one host. `proto/tcewatch/v1/batch.proto` is how it travels. */
import type { Counter, Evidence, Hypercall, LossKind, Mmu, Mode, Scope, Span } from './vocabulary.js';

/** The schema version that this code writes, and the newest that it fully understands. */
export const BATCH_VERSION = 3;
/** The oldest reader that understands what this code writes: one of version 1 skips what has come since. */
export const OLDEST_READER = 1;

/** Nanoseconds since 1970 and since boot at which something was read. */
export interface Clock {
  wallNs: bigint;
  uptimeNs: bigint;
}

export interface Host {
  /** Stable key of the host. */
  id: string;
  name: string;
  /** /proc/sys/kernel/osrelease */
  kernel: string;
  /** /proc/cpuinfo `cpu`, for instance `POWER9 (architected), altivec supported`. */
  cpu: string;
  /** /proc/cpuinfo `platform`: `PowerNV` or `pSeries`. */
  platform: string;
  agentVersion: string;
  source: string;
}

/** Descriptors of the QEMU process that tell how its TCE tables are served. */
export interface Descriptors {
  /** anon_inode:kvm-spapr-tce, one for each table in the kernel. */
  tceTables: number;
  /** N of each /dev/vfio/N, ascending. */
  vfioGroups: number[];
}

/** What /proc showed of a VM when it was last looked at; what could not be read is left out. */
export interface Facts {
  observedNs: bigint;
  descriptors?: Descriptors;
  /** Soft limit of locked memory in bytes; 2^64 - 1 is unlimited. */
  memlockBytes?: bigint;
  qemu?: string;
  libvirtDomain?: string;
  podUid?: string;
  mmu?: Mmu;
  vcpus?: number;
}

/** How the figure of one mode is known; without `hypercall` for each of the four that has no entry of its own. */
export interface ModeEvidence {
  mode: Mode;
  hypercall?: Hypercall;
  evidence: Evidence;
  /** A code in kebab-case, explained in docs/reference/evidence.md; empty for `exact`. */
  reason: string;
}

/** One life of a QEMU process with a kvm-vm descriptor, or `unattributed`. */
export interface Vm {
  /** UUID text that identifies this life in the whole fleet. */
  life: string;
  name: string;
  /** The UUID that QEMU was given; empty when it was given none. */
  uuid: string;
  tgid: number;
  startedNs: bigint;
  ended: boolean;
  facts?: Facts;
  /** May be the same array for several VMs: not to be changed. */
  evidence: readonly ModeEvidence[];
}

/**
 * The counters as columns of equal length; `vm` indexes {@link Batch.vms}, `counter` and `scope` index COUNTERS and
 * SCOPES, `hypercall` is the opcode, `value` an integer below 2^53.
 */
export interface Series {
  length: number;
  vm: Uint32Array;
  counter: Uint8Array;
  hypercall: Uint16Array;
  scope: Uint8Array;
  liobn: BigUint64Array;
  value: Float64Array;
}

/**
 * How long calls took, as columns of equal length: `span` indexes SPANS, `bucket` is below LATENCY_BUCKETS, `calls` and
 * `totalUs` (microseconds) are integers below 2^53 that only grow within an epoch.
 */
export interface Latencies {
  length: number;
  vm: Uint32Array;
  span: Uint8Array;
  hypercall: Uint16Array;
  bucket: Uint8Array;
  calls: Float64Array;
  totalUs: Float64Array;
}

export interface Loss {
  kind: LossKind;
  events: number;
}

/** What the kernel says it saw of one event, and what of that can never be counted. seen = counted + lost. */
export interface Account {
  counter: Extract<Counter, 'entered' | 'punted'>;
  /** Events that the kernel saw since the epoch began, the lost ones included. */
  seen: number;
  losses: Loss[];
}

export interface Batch {
  version: number;
  host: Host;
  bootId: string;
  epoch: string;
  epochBeganNs: bigint;
  run: string;
  sequence: number;
  clock: Clock;
  intervalNs: bigint;
  vms: Vm[];
  series: Series;
  /** Absent where the source measures no times. */
  latencies?: Latencies;
  accounts: Account[];
  problems: string[];
  /** W3C Trace Context of the reading, as its sender gave it; absent where it is not traced. */
  traceparent?: string;
}

/** One row of {@link Series} as an object: for building and for tests, never on the hot path. */
export interface SeriesRow {
  vm: number;
  counter: Counter;
  hypercall: Hypercall;
  scope: Scope;
  liobn: bigint;
  value: number;
}

/** One row of {@link Latencies} as an object: for building and for tests, never on the hot path. */
export interface LatencyRow {
  vm: number;
  span: Span;
  hypercall: Hypercall;
  bucket: number;
  calls: number;
  totalUs: number;
}
