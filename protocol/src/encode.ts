/** Batch to bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { OLDEST_READER } from './batch.js';
import type { Batch, Facts, Latencies, ModeEvidence, Series, Vm } from './batch.js';
import { encodeColumn } from './columns.js';
import * as wire from './gen/tcewatch/v1/batch_pb.js';
import { idToBytes } from './ids.js';
import { COUNTERS, EVIDENCE, HYPERCALLS, LOSS_KINDS, MODES } from './vocabulary.js';

/**
 * Encodes a batch; throws BatchError for a counter that is no integer from 0 to 2^53 - 1 and RangeError for an
 * identifier that is no UUID.
 */
export function encodeBatch(batch: Batch): Uint8Array {
  const evidence = new EvidenceSets();
  const message = create(wire.BatchSchema, {
    version: batch.version,
    oldestReader: OLDEST_READER,
    host: batch.host,
    bootId: idToBytes(batch.bootId),
    epoch: idToBytes(batch.epoch),
    epochBeganNs: batch.epochBeganNs,
    run: idToBytes(batch.run),
    sequence: BigInt(batch.sequence),
    wallNs: batch.clock.wallNs,
    uptimeNs: batch.clock.uptimeNs,
    intervalNs: batch.intervalNs,
    vms: batch.vms.map((vm) => vmInit(vm, evidence.indexOf(vm.evidence))),
    series: seriesInit(batch.series),
    ...(batch.latencies && { latencies: latenciesInit(batch.latencies) }),
    accounts: batch.accounts.map((account) => ({
      counter: COUNTERS.indexOf(account.counter) + 1,
      seen: BigInt(account.seen),
      losses: account.losses.map((loss) => ({
        kind: LOSS_KINDS.indexOf(loss.kind) + 1,
        events: BigInt(loss.events),
      })),
    })),
    problems: batch.problems,
    evidenceSets: evidence.sets,
    ...(batch.traceparent !== undefined && { traceparent: batch.traceparent }),
  });
  return toBinary(wire.BatchSchema, message);
}

function vmInit(vm: Vm, evidenceSet: number): MessageInitShape<typeof wire.VmSchema> {
  return {
    life: idToBytes(vm.life),
    name: vm.name,
    uuid: vm.uuid,
    tgid: vm.tgid,
    startedNs: vm.startedNs,
    ended: vm.ended,
    ...(vm.facts && { facts: factsInit(vm.facts) }),
    evidenceSet,
  };
}

/** The different lists of evidence, each once, in the order of first use. */
class EvidenceSets {
  readonly sets: MessageInitShape<typeof wire.EvidenceSetSchema>[] = [];
  readonly #indices = new Map<string, number>();

  indexOf(evidence: readonly ModeEvidence[]): number {
    const key = JSON.stringify(evidence);
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.sets.length);
    const modes = evidence.map((one) => ({
      mode: MODES.indexOf(one.mode) + 1,
      hypercall: one.hypercall ? HYPERCALLS[one.hypercall] : 0,
      evidence: EVIDENCE.indexOf(one.evidence) + 1,
      reason: one.reason,
    }));
    return this.sets.push({ modes }) - 1;
  }
}

function factsInit(facts: Facts): MessageInitShape<typeof wire.FactsSchema> {
  const { mmu, descriptors, ...same } = facts;
  return {
    ...same,
    ...(descriptors && { descriptors }),
    mmu: mmu === undefined ? wire.Mmu.UNSPECIFIED : mmu === 'radix' ? wire.Mmu.RADIX : wire.Mmu.HPT,
  };
}

/**
 * Makes the message of the series. On the wire enumerations count from 1, since 0 is "not given"; the columns in memory
 * index the vocabulary.
 */
function seriesInit(series: Series): MessageInitShape<typeof wire.SeriesSchema> {
  const liobn = new Uint8Array(series.length * 8);
  const view = new DataView(liobn.buffer);
  series.liobn.forEach((value, i) => {
    view.setBigUint64(i * 8, value, true);
  });
  return {
    rows: series.length,
    vm: encodeColumn(series.vm, 'series.vm'),
    counter: encodeColumn(series.counter.map(plusOne), 'series.counter'),
    hypercall: encodeColumn(series.hypercall, 'series.hypercall'),
    scope: encodeColumn(series.scope.map(plusOne), 'series.scope'),
    liobn,
    value: encodeColumn(series.value, 'series.value'),
  };
}

function latenciesInit(latencies: Latencies): MessageInitShape<typeof wire.LatenciesSchema> {
  return {
    rows: latencies.length,
    vm: encodeColumn(latencies.vm, 'latencies.vm'),
    span: encodeColumn(latencies.span.map(plusOne), 'latencies.span'),
    hypercall: encodeColumn(latencies.hypercall, 'latencies.hypercall'),
    bucket: encodeColumn(latencies.bucket, 'latencies.bucket'),
    calls: encodeColumn(latencies.calls, 'latencies.calls'),
    totalUs: encodeColumn(latencies.totalUs, 'latencies.total_us'),
  };
}

function plusOne(index: number): number {
  return index + 1;
}
