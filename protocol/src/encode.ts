/** Batch to bytes. */
import { create, toBinary } from '@bufbuild/protobuf';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { BATCH_VERSION } from './batch.js';
import type { Batch, Facts, Series, Vm } from './batch.js';
import { encodeColumn } from './columns.js';
import * as wire from './gen/tcewatch/v1/batch_pb.js';
import { idToBytes } from './ids.js';
import { COUNTERS, EVIDENCE, HYPERCALLS, LOSS_KINDS, MODES } from './vocabulary.js';

/**
 * Encodes a batch; throws BatchError for a counter that is no integer from 0 to 2^53 - 1 and RangeError for an
 * identifier that is no UUID.
 */
export function encodeBatch(batch: Batch): Uint8Array {
  const message = create(wire.BatchSchema, {
    version: batch.version,
    oldestReader: BATCH_VERSION,
    host: batch.host,
    bootId: idToBytes(batch.bootId),
    epoch: idToBytes(batch.epoch),
    epochBeganNs: batch.epochBeganNs,
    run: idToBytes(batch.run),
    sequence: BigInt(batch.sequence),
    wallNs: batch.clock.wallNs,
    uptimeNs: batch.clock.uptimeNs,
    intervalNs: batch.intervalNs,
    vms: batch.vms.map(vmInit),
    series: seriesInit(batch.series),
    accounts: batch.accounts.map((account) => ({
      counter: COUNTERS.indexOf(account.counter) + 1,
      seen: BigInt(account.seen),
      losses: account.losses.map((loss) => ({
        kind: LOSS_KINDS.indexOf(loss.kind) + 1,
        events: BigInt(loss.events),
      })),
    })),
    problems: batch.problems,
  });
  return toBinary(wire.BatchSchema, message);
}

function vmInit(vm: Vm): MessageInitShape<typeof wire.VmSchema> {
  return {
    life: idToBytes(vm.life),
    name: vm.name,
    uuid: vm.uuid,
    tgid: vm.tgid,
    startedNs: vm.startedNs,
    ended: vm.ended,
    ...(vm.facts && { facts: factsInit(vm.facts) }),
    evidence: vm.evidence.map((known) => ({
      mode: MODES.indexOf(known.mode) + 1,
      hypercall: known.hypercall ? HYPERCALLS[known.hypercall] : 0,
      evidence: EVIDENCE.indexOf(known.evidence) + 1,
      reason: known.reason,
    })),
  };
}

function factsInit(facts: Facts): MessageInitShape<typeof wire.FactsSchema> {
  const { mmu, descriptors, ...same } = facts;
  return {
    ...same,
    ...(descriptors && { descriptors }),
    mmu: mmu === undefined ? wire.Mmu.UNSPECIFIED : mmu === 'radix' ? wire.Mmu.RADIX : wire.Mmu.HPT,
  };
}

/** On the wire enumerations count from 1, since 0 is "not given"; the columns in memory index the vocabulary. */
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

function plusOne(index: number): number {
  return index + 1;
}
