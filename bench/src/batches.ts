/** Batches for the benchmarks: a busy host, made larger than any recording. Deterministic. */
import { BATCH_VERSION, HYPERCALL_NAMES, deriveId, hasOneEntry, seriesFromRows, seriesRow } from '@tcewatch/protocol';
import type { Batch, SeriesRow, Vm } from '@tcewatch/protocol';

const LIOBNS = [0x71000002n, 0x71000003n, 0x80000000n, 0x80000001n, 0x80000100n];

/**
 * The `n`th reading, 10 seconds after the one before, of a host with as many VMs as give about `series` series. All its
 * counters have grown since; a tenth of the VMs fall back.
 */
export function busyHost(host: string, series: number, n: number): Batch {
  const perVm = HYPERCALL_NAMES.reduce((sum, name) => sum + 1 + LIOBNS.length * (hasOneEntry(name) ? 1 : 2), 0);
  const vms = Array.from({ length: Math.ceil(series / perVm) }, (_, i) => vm(host, i));
  return {
    version: BATCH_VERSION,
    host: {
      id: host,
      name: host,
      kernel: '7.2.13',
      cpu: 'POWER9',
      platform: 'PowerNV',
      agentVersion: '0.1.0',
      source: 'hist',
    },
    bootId: deriveId(host, 'boot'),
    epoch: deriveId(host, 'epoch'),
    epochBeganNs: 1_000_000_000n,
    run: deriveId(host, 'run'),
    sequence: n,
    clock: { wallNs: 1_795_348_508_000_000_000n + BigInt(n) * 10_000_000_000n, uptimeNs: BigInt(n) * 10_000_000_000n },
    intervalNs: 10_000_000_000n,
    vms,
    series: seriesFromRows(vms.flatMap((_, i) => rowsOf(i, n))),
    accounts: [{ counter: 'entered', seen: 1_000_000 * n, losses: [] }],
    problems: [],
  };
}

/** What a program would send that had not thought about it: one object for each series, as JSON. */
export function asJson(batch: Batch): string {
  const { series, ...rest } = batch;
  const rows = Array.from({ length: series.length }, (_, i) => seriesRow(series, i));
  return JSON.stringify({ ...rest, series: rows }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

function vm(host: string, i: number): Vm {
  return {
    life: deriveId(host, 'vm', i),
    name: `guest-${i}`,
    uuid: deriveId(host, 'uuid', i),
    tgid: 1000 + i,
    startedNs: 1_000_000_000n,
    ended: false,
    facts: { observedNs: 1_000_000_000n, descriptors: { tceTables: 2, vfioGroups: [i] } },
    evidence: [
      { mode: 'real', evidence: 'absent', reason: 'real-mode-retired' },
      { mode: 'virtual', evidence: 'exact', reason: '' },
      { mode: 'userspace', evidence: 'exact', reason: '' },
    ],
  };
}

function rowsOf(vm: number, n: number): SeriesRow[] {
  const calls = (vm + 1) * 1009 * n;
  return HYPERCALL_NAMES.flatMap((hypercall) => {
    const of = (counter: SeriesRow['counter'], factor: number): SeriesRow[] =>
      LIOBNS.map((liobn, i) => ({ vm, counter, hypercall, scope: 'one', liobn, value: (calls + i) * factor }));
    return [
      ...of('entered', 1),
      ...(hasOneEntry(hypercall) ? [] : of('entered_entries', 16)),
      { vm, counter: 'punted', hypercall, scope: 'all', liobn: 0n, value: vm % 10 === 0 ? calls : 0 },
    ];
  });
}
