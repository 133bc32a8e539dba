/** Batches for tests of what follows the intake: one host with VMs whose counters a test sets. */
import { BATCH_VERSION, deriveId, latenciesFromRows, seriesFromRows } from '@tcewatch/protocol';
import type {
  Batch,
  Counter,
  Descriptors,
  Hypercall,
  LatencyRow,
  ModeEvidence,
  SeriesRow,
  Vm,
} from '@tcewatch/protocol';

export const SECOND = 1_000_000_000n;
/** 2026-11-22T12:00:00Z: when the hosts of these tests were booted. */
export const BOOTED_NS = 1_795_348_800n * SECOND;

export const RADIX: ModeEvidence[] = [
  { mode: 'real', evidence: 'absent', reason: 'kernel-without-real-mode' },
  { mode: 'virtual', evidence: 'exact', reason: '' },
  { mode: 'userspace', evidence: 'exact', reason: '' },
];

/** A guest whose calls in real mode cannot be seen. */
export const HPT: ModeEvidence[] = [
  { mode: 'real', evidence: 'unobservable', reason: 'real-mode-invisible' },
  ...RADIX.slice(1),
];

/** A VM on KVM PR, as the source `userspace-exit` tells of it. */
export const PR: ModeEvidence[] = [
  { mode: 'real', evidence: 'absent', reason: 'kvm-pr' },
  { mode: 'virtual', evidence: 'unobservable', reason: 'kvm-pr' },
  { mode: 'userspace', evidence: 'upper-bound', reason: 'all-hypercalls-counted' },
];

export interface TestVm {
  name: string;
  counts?: Partial<Record<Hypercall, Partial<Record<Counter, number>>>>;
  /** Of H_PUT_TCE; the batch tells times if a VM has some. */
  latencies?: Omit<LatencyRow, 'vm' | 'hypercall'>[];
  /** Calls of H_PUT_TCE on each LIOBN, as a source gives them that knows the LIOBN of punts. */
  liobns?: Record<string, { entered: number; punted: number }>;
  uuid?: string;
  ended?: boolean;
  descriptors?: Descriptors;
  evidence?: ModeEvidence[];
}

export interface TestBatch {
  /** Seconds since boot. */
  uptime: number;
  vms: TestVm[];
  host?: string;
  boot?: string;
  epoch?: string;
  sequence?: number;
  run?: string;
  source?: string;
  accounts?: Batch['accounts'];
  /** Seconds between readings. */
  interval?: number;
}

export function lifeOf(name: string): string {
  return deriveId('life', name);
}

export function batchOf(test: TestBatch): Batch {
  const { uptime, vms, host = 'h', boot = 'boot', epoch = 'epoch', run = 'run', sequence, interval = 10 } = test;
  const uptimeNs = BigInt(Math.round(uptime * 1e9));
  const rows = vms.flatMap(({ counts }, vm) =>
    Object.entries(counts ?? {}).flatMap(([hypercall, counters]) =>
      Object.entries(counters).map(([counter, value]): SeriesRow => ({
        vm,
        counter: counter as Counter,
        hypercall: hypercall as Hypercall,
        scope: counter === 'entered' ? 'one' : 'all',
        liobn: counter === 'entered' ? 0x8000_0000n : 0n,
        value,
      })),
    ),
  );
  rows.push(
    ...vms.flatMap(({ liobns }, vm) =>
      Object.entries(liobns ?? {}).flatMap(([liobn, counts]) =>
        (['entered', 'punted'] as const).map((counter): SeriesRow => ({
          vm,
          counter,
          hypercall: 'H_PUT_TCE',
          scope: 'one',
          liobn: BigInt(`0x${liobn}`),
          value: counts[counter],
        })),
      ),
    ),
  );
  const latencies = vms.flatMap(({ latencies }, vm) =>
    (latencies ?? []).map((row): LatencyRow => ({ vm, hypercall: 'H_PUT_TCE', ...row })),
  );
  return {
    version: BATCH_VERSION,
    host: {
      id: host,
      name: `${host}.example`,
      kernel: '6.12.107',
      cpu: 'POWER9',
      platform: 'pSeries',
      agentVersion: '0.1.0',
      source: test.source ?? 'hist',
    },
    bootId: deriveId(boot),
    epoch: deriveId(boot, epoch),
    epochBeganNs: 0n,
    run: deriveId(run),
    sequence: sequence ?? Math.round(uptime),
    clock: { wallNs: BOOTED_NS + uptimeNs, uptimeNs },
    intervalNs: BigInt(interval) * SECOND,
    vms: vms.map((vm): Vm => ({
      life: lifeOf(vm.name),
      name: vm.name,
      uuid: vm.uuid ?? '',
      tgid: 100,
      startedNs: SECOND,
      ended: vm.ended ?? false,
      evidence: vm.evidence ?? RADIX,
      ...(vm.descriptors && { facts: { observedNs: uptimeNs, descriptors: vm.descriptors } }),
    })),
    series: seriesFromRows(rows),
    ...(vms.some((vm) => vm.latencies) && { latencies: latenciesFromRows(latencies) }),
    accounts: test.accounts ?? [],
    problems: [],
  };
}
