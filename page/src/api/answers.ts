/** Types of the read API's answers, as far as the page uses them; /openapi.json describes all. */
import type { VmState } from '@tcewatch/protocol/vm-state';
import type { Evidence, Hypercall, Mode } from '@tcewatch/protocol/vocabulary';

export interface ModeShare {
  mode: Mode;
  /** Null: nobody can observe it. */
  calls: number | null;
  evidence: Evidence;
  reason: string;
}

export interface ModeFigure extends ModeShare {
  entries: number | null;
}

export interface Alert {
  alertId: string;
  alert: string;
  severity: 'warning' | 'critical';
  state: 'firing' | 'resolved';
  revision: number;
  at: string;
  host: { id: string; name: string };
  vm: { life: string; name: string; uuid: string } | null;
  firedAt: string;
  resolvedAt: string | null;
  cause: { code: string; confidence: 'certain' | 'likely' | 'possible'; summary: string; advice: string };
  impact:
    | { known: 'measured'; lostMsPerSecond: number }
    | { known: 'estimated'; throughputLeft: { from: number; to: number } }
    | null;
  evidence: { facts: string[] };
}

export interface FleetVm {
  host: { id: string; name: string };
  life: string;
  vm: string;
  uuid: string;
  state: VmState;
  readAt: string;
  seconds: number;
  callsPerSecond: number;
  modes: ModeShare[];
  alert: Alert | null;
}

export interface Host {
  id: string;
  name: string;
  kernel: string;
  cpu: string;
  platform: string;
  agentVersion: string;
  source: string;
  intervalSeconds: number;
  readAt: string;
  clockAheadSeconds: number | null;
  claimants: { name: string; bootId: string; run: string }[];
  problems: string[];
}

export interface Vm {
  host: string;
  life: string;
  name: string;
  uuid: string;
  tgid: number;
  startedAt: string;
  ended: boolean;
  evidence: { mode: Mode; hypercall: Hypercall | null; evidence: Evidence; reason: string }[];
  facts: {
    observedAt: string;
    tceTables: number | null;
    vfioGroups: number[] | null;
    memlockBytes: string | null;
    qemu: string | null;
    libvirtDomain: string | null;
    podUid: string | null;
    mmu: string | null;
    vcpus: number | null;
  } | null;
}

export interface Figures {
  hypercall: Hypercall;
  modes: ModeFigure[];
  entries: number | null;
}

export interface Counts {
  host: string;
  life: string;
  vm: string;
  hypercalls: Figures[];
}

export interface Step extends Figures {
  at: string;
  /** Whether the host was read in it; if not, its calls are in the next that was. */
  read: boolean;
}

export interface Liobn extends Figures {
  scope: 'one' | 'all' | 'other';
  liobn: string | null;
}

interface Bounds {
  aboveUs: number;
  upToUs: number | null;
}

export interface Latency {
  seconds: number | null;
  lostMsPerSecond: number | null;
  spans: {
    span: 'handled' | 'round_trip';
    hypercall: Hypercall;
    calls: number;
    unmeasured: number | null;
    totalUs: number;
    p50: Bounds | null;
    p99: Bounds | null;
  }[];
}

export interface Account {
  host: string;
  counter: 'entered' | 'punted';
  seen: number;
  stored: number;
  lost: number;
  losses: Record<string, number>;
  balanced: boolean;
}
