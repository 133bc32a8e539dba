/**
 * The part of the ledger that outlives the agent, so that a killed agent goes on where it was: the kernel keeps what
 * each thread counted, and only the ledger knows whose that was. Written at each reading, so by hand; a schema checks
 * what comes back.
 */
import {
  COUNTERS,
  EVIDENCE,
  HYPERCALL_NAMES,
  LATENCY_BUCKETS,
  LOSS_KINDS,
  MODES,
  SCOPES,
  SPANS,
  isId,
} from '@tcewatch/protocol';
import { z } from 'zod';
import { seriesKey } from './attribute.js';
import { latencyKey } from './latencies.js';
import { emptyLedger } from './state.js';
import type { EpochState, LedgerState, VmState } from './state.js';

const count = z.int().nonnegative();
const id = z.string().refine(isId, 'is no identifier');
const u64 = z
  .string()
  .regex(/^\d{1,20}$/)
  .transform(BigInt);
const hypercall = z.enum(HYPERCALL_NAMES);

/**
 * Schema of a sum within one boot. Counts are whole numbers, and sums beyond 2^53 stay what the kernel printed; JSON has null
 * for a sum that nobody knows.
 */
const sum = z.number().nonnegative();
const cells = z.array(
  z.union([
    z.tuple([z.string(), count]),
    z.tuple([z.string(), count, sum.nullable()]),
    z.tuple([z.string(), count, sum.nullable(), z.literal('doubtful')]),
  ]),
);
const latencyCells = z.array(z.tuple([z.string(), count, sum]));
const seen = z.object({ counter: z.enum(['entered', 'punted']), seen: count });
const before = z.array(seen);
const accounts = z.array(seen.extend({ losses: z.array(z.object({ kind: z.enum(LOSS_KINDS), events: count })) }));

const factsSchema = z.object({
  observedNs: u64,
  descriptors: z.object({ tceTables: count, vfioGroups: z.array(count) }).exactOptional(),
  memlockBytes: u64.exactOptional(),
  qemu: z.string().exactOptional(),
  libvirtDomain: z.string().exactOptional(),
  podUid: z.string().exactOptional(),
  mmu: z.enum(['radix', 'hpt']).exactOptional(),
  vcpus: count.exactOptional(),
});

const vm = z.object({
  identity: z.object({
    life: id,
    name: z.string(),
    uuid: z.string(),
    tgid: count,
    startedNs: u64,
    facts: factsSchema.exactOptional(),
    evidence: z.array(
      z.object({
        mode: z.enum(MODES),
        hypercall: hypercall.exactOptional(),
        evidence: z.enum(EVIDENCE),
        reason: z.string(),
      }),
    ),
  }),
  alive: z.boolean(),
  series: z.array(
    z.object({ counter: z.enum(COUNTERS), hypercall, scope: z.enum(SCOPES), liobn: u64, value: z.number() }),
  ),
  liobns: z.array(u64),
  latencies: z.array(
    z.object({ span: z.enum(SPANS), hypercall, bucket: count.max(LATENCY_BUCKETS - 1), calls: count, totalUs: count }),
  ),
});

export const checkpointSchema = z.object({
  epoch: z.object({
    bootId: id,
    given: id,
    replaced: count,
    id,
    beganNs: u64,
    before,
  }),
  handover: z.object({ epoch: id, beganNs: u64, cells, latencyCells, before }).exactOptional(),
  uptimeNs: u64,
  cells,
  latencyCells,
  owners: z.array(z.object({ tid: count, life: id, startedNs: u64 })),
  vms: z.array(vm),
  accounts,
  folded: z.object({ liobnCalls: count, vmCalls: count }),
});

/** A checkpoint in the form in which JSON takes it. */
export type Checkpoint = z.input<typeof checkpointSchema>;

/** Encodes the part of a ledger that outlives the agent. Throws RangeError before the first reading. */
export function encodeCheckpoint({
  epoch,
  handover,
  uptimeNs,
  owners,
  vms,
  accounts,
  folded,
  ...counted
}: LedgerState): Checkpoint {
  if (!epoch) throw new RangeError('a ledger before its first reading has nothing to keep');
  return {
    epoch: { ...epoch, beganNs: String(epoch.beganNs), before: seenList(epoch.before) },
    ...(handover && {
      handover: {
        epoch: handover.epoch,
        beganNs: String(handover.beganNs),
        cells: cellList(handover.cells),
        latencyCells: latencyList(handover.latencyCells),
        before: seenList(handover.before),
      },
    }),
    uptimeNs: String(uptimeNs),
    cells: cellList(counted.cells),
    latencyCells: latencyList(counted.latencyCells),
    owners: [...owners].map(([tid, { life, startedNs }]) => ({ tid, life, startedNs: String(startedNs) })),
    vms: [...vms.values()].map(({ identity, alive, series, liobns, latencies }) => ({
      identity: identityOf(identity),
      alive,
      series: [...series.values()].map((one) => ({ ...one, liobn: String(one.liobn) })),
      liobns: [...liobns].map(String),
      latencies: [...latencies.values()],
    })),
    accounts: [...accounts],
    folded: { liobnCalls: folded.liobnCalls, vmCalls: folded.vmCalls },
  };
}

/** Restores the ledger from a checkpoint, but for what the next reading gives: problems, and what is folded now. */
export function decodeCheckpoint({
  epoch,
  handover,
  uptimeNs,
  owners,
  vms,
  accounts,
  folded,
  ...counted
}: z.output<typeof checkpointSchema>): LedgerState {
  return {
    ...emptyLedger(),
    epoch: { ...epoch, before: seenMap(epoch.before) },
    handover: handover && {
      ...handover,
      cells: cellMap(handover.cells),
      latencyCells: latencyMap(handover.latencyCells),
      before: seenMap(handover.before),
    },
    uptimeNs,
    cells: cellMap(counted.cells),
    latencyCells: latencyMap(counted.latencyCells),
    owners: new Map(owners.map(({ tid, ...owner }) => [tid, owner])),
    vms: new Map(
      vms.map(({ identity, alive, series, liobns, latencies }) => [
        identity.life,
        {
          identity,
          alive,
          series: new Map(series.map((one) => [seriesKey(one), one])),
          liobns: new Set(liobns),
          latencies: new Map(latencies.map((one) => [latencyKey(one), one])),
        },
      ]),
    ),
    accounts,
    folded: { ...folded, vms: 0, threads: 0 },
  };
}

function seenList(before: EpochState['before']): Checkpoint['epoch']['before'] {
  return [...before].map(([counter, seen]) => ({ counter, seen }));
}

function seenMap(before: Checkpoint['epoch']['before']): EpochState['before'] {
  return new Map(before.map(({ counter, seen }) => [counter, seen]));
}

function identityOf({ facts, startedNs, ...identity }: VmState['identity']): Checkpoint['vms'][number]['identity'] {
  const plain = { ...identity, startedNs: String(startedNs) };
  if (!facts) return plain;
  const { observedNs, memlockBytes, ...others } = facts;
  const memlock = memlockBytes === undefined ? {} : { memlockBytes: String(memlockBytes) };
  return { ...plain, facts: { ...others, ...memlock, observedNs: String(observedNs) } };
}

function cellList(cells: LedgerState['cells']): Checkpoint['cells'] {
  return [...cells].map(([key, { calls, entries, doubtful }]) => {
    if (entries === undefined) return [key, calls];
    return doubtful ? [key, calls, entries, 'doubtful'] : [key, calls, entries];
  });
}

function cellMap(cells: Checkpoint['cells']): LedgerState['cells'] {
  return new Map(
    cells.map(([key, calls, entries, doubtful]) => [
      key,
      { calls, entries: entries === null ? NaN : entries, ...(doubtful && { doubtful: true }) },
    ]),
  );
}

function latencyList(cells: LedgerState['latencyCells']): Checkpoint['latencyCells'] {
  return [...cells].map(([key, { calls, totalUs }]) => [key, calls, totalUs]);
}

function latencyMap(cells: Checkpoint['latencyCells']): LedgerState['latencyCells'] {
  return new Map(cells.map(([key, calls, totalUs]) => [key, { calls, totalUs }]));
}
