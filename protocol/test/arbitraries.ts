/** Generators of batches, for property tests. */
import fc from 'fast-check';
import type { Batch, Facts, LatencyRow, SeriesRow, Vm } from '@tcewatch/protocol';
import {
  BATCH_VERSION,
  COUNTERS,
  EVIDENCE,
  HYPERCALL_NAMES,
  LATENCY_BUCKETS,
  LOSS_KINDS,
  MAX_UINT64,
  MODES,
  SCOPES,
  SPANS,
  idFromBytes,
  latenciesFromRows,
  seriesFromRows,
} from '@tcewatch/protocol';

const text = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019 -_./:()üß漢')), maxLength: 40 });
const id = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(idFromBytes);
const u64 = fc.bigInt({ min: 0n, max: MAX_UINT64 });
const uptime = fc.bigInt({ min: 0n, max: 2n ** 60n });
const count = fc.maxSafeNat();

const facts: fc.Arbitrary<Facts> = fc.record(
  {
    observedNs: uptime,
    descriptors: fc.record({
      tceTables: fc.nat(1000),
      vfioGroups: fc.uniqueArray(fc.nat(10_000), { maxLength: 5 }).map((groups) => groups.sort((a, b) => a - b)),
    }),
    memlockBytes: u64,
    qemu: text.filter((t) => t !== ''),
    libvirtDomain: text.filter((t) => t !== ''),
    podUid: text.filter((t) => t !== ''),
    mmu: fc.constantFrom('radix' as const, 'hpt' as const),
    vcpus: fc.nat(2048),
  },
  { requiredKeys: ['observedNs'] },
);

const vm: fc.Arbitrary<Vm> = fc.record(
  {
    life: id,
    name: text,
    uuid: text,
    tgid: fc.nat(4_194_304),
    startedNs: uptime,
    ended: fc.boolean(),
    facts,
    evidence: fc.array(
      fc.record(
        {
          mode: fc.constantFrom(...MODES),
          hypercall: fc.constantFrom(...HYPERCALL_NAMES),
          evidence: fc.constantFrom(...EVIDENCE),
          reason: text,
        },
        { requiredKeys: ['mode', 'evidence', 'reason'] },
      ),
      { maxLength: 5 },
    ),
  },
  { requiredKeys: ['life', 'name', 'uuid', 'tgid', 'startedNs', 'ended', 'evidence'] },
);

function rows(vms: number): fc.Arbitrary<SeriesRow[]> {
  if (vms === 0) return fc.constant([]);
  return fc.array(
    fc.record({
      vm: fc.nat(vms - 1),
      counter: fc.constantFrom(...COUNTERS),
      hypercall: fc.constantFrom(...HYPERCALL_NAMES),
      scope: fc.constantFrom(...SCOPES),
      liobn: u64,
      value: count,
    }),
    { maxLength: 60 },
  );
}

function latencyRows(vms: number): fc.Arbitrary<LatencyRow[]> {
  if (vms === 0) return fc.constant([]);
  return fc.array(
    fc.record({
      vm: fc.nat(vms - 1),
      span: fc.constantFrom(...SPANS),
      hypercall: fc.constantFrom(...HYPERCALL_NAMES),
      bucket: fc.nat(LATENCY_BUCKETS - 1),
      calls: count,
      totalUs: count,
    }),
    { maxLength: 60 },
  );
}

const traceparent = fc
  .tuple(fc.nat({ max: 2 ** 31 - 1 }), fc.boolean())
  .map(([n, sampled]) => `00-${String(n).padStart(32, '1')}-${String(n).padStart(16, '1')}-0${sampled ? 1 : 0}`);

export const batches: fc.Arbitrary<Batch> = fc.array(vm, { maxLength: 6 }).chain((vms) => {
  const parts = {
    version: fc.constant(BATCH_VERSION),
    host: fc.record({
      id: text.filter((t) => t !== ''),
      name: text,
      kernel: text,
      cpu: text,
      platform: text,
      agentVersion: text,
      source: text,
    }),
    bootId: id,
    epoch: id,
    epochBeganNs: uptime,
    run: id,
    sequence: count,
    clock: fc.record({ wallNs: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), uptimeNs: uptime }),
    intervalNs: uptime,
    vms: fc.constant(vms),
    series: rows(vms.length).map(seriesFromRows),
    latencies: latencyRows(vms.length).map(latenciesFromRows),
    accounts: fc.array(
      fc.record({
        counter: fc.constantFrom('entered' as const, 'punted' as const),
        seen: count,
        losses: fc.array(fc.record({ kind: fc.constantFrom(...LOSS_KINDS), events: count }), { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
    problems: fc.array(text, { maxLength: 3 }),
    traceparent,
  };
  const required = Object.keys(parts) as (keyof typeof parts)[];
  return fc.record(parts, { requiredKeys: required.filter((key) => key !== 'latencies' && key !== 'traceparent') });
});
