/** The latencies of a batch: columns of bytes to typed arrays, as those of its series. */
import type { Latencies } from './batch.js';
import { checkRows, decodeColumn } from './columns.js';
import { BatchError } from './errors.js';
import type { Latencies as LatenciesMessage } from './gen/tcewatch/v1/batch_pb.js';
import { allocateLatencies } from './latencies.js';
import type { BatchLimits } from './limits.js';
import { LATENCY_BUCKETS, SPANS, hypercallName } from './vocabulary.js';

/**
 * Decodes the columns. Throws BatchError when they disagree, or a row names a VM or a bucket that is not there. Rows
 * whose span or hypercall this reader does not know are left out: a newer agent may time more.
 */
export function decodeLatencies(message: LatenciesMessage, vms: number, limits: Readonly<BatchLimits>): Latencies {
  const { rows, vm, span, hypercall, bucket, calls, totalUs } = message;
  if (rows > limits.latencies) {
    throw new BatchError('too-large', 'latencies', `has ${rows} rows, the limit is ${limits.latencies}`);
  }
  checkRows({ vm, span, hypercall, bucket, calls, total_us: totalUs }, rows, 'latencies');
  const latencies = allocateLatencies(rows);
  decodeColumn(vm, latencies.vm, 'latencies.vm');
  decodeColumn(span, latencies.span, 'latencies.span');
  decodeColumn(hypercall, latencies.hypercall, 'latencies.hypercall');
  decodeColumn(bucket, latencies.bucket, 'latencies.bucket');
  decodeColumn(calls, latencies.calls, 'latencies.calls');
  decodeColumn(totalUs, latencies.totalUs, 'latencies.total_us');
  let kept = 0;
  for (let i = 0; i < rows; i++) if (isKnown(latencies, i, vms)) move(latencies, i, kept++);
  return kept === rows ? latencies : firstRows(latencies, kept);
}

function isKnown(latencies: Latencies, row: number, vms: number): boolean {
  const vm = latencies.vm[row] ?? 0;
  if (vm >= vms) throw new BatchError('invalid', 'latencies.vm', `row ${row} names VM ${vm} of ${vms}`);
  const span = SPANS[(latencies.span[row] ?? 0) - 1];
  if (span === undefined || hypercallName(latencies.hypercall[row] ?? 0) === undefined) return false;
  const bucket = latencies.bucket[row] ?? 0;
  if (bucket < LATENCY_BUCKETS) return true;
  throw new BatchError('invalid', 'latencies.bucket', `row ${row} names bucket ${bucket} of ${LATENCY_BUCKETS}`);
}

/** Moves a row to its place, its span from the wire's numbers, which count from 1, to indexes of the vocabulary. */
function move(latencies: Latencies, from: number, to: number): void {
  latencies.vm[to] = latencies.vm[from] ?? 0;
  latencies.span[to] = (latencies.span[from] ?? 0) - 1;
  latencies.hypercall[to] = latencies.hypercall[from] ?? 0;
  latencies.bucket[to] = latencies.bucket[from] ?? 0;
  latencies.calls[to] = latencies.calls[from] ?? 0;
  latencies.totalUs[to] = latencies.totalUs[from] ?? 0;
}

function firstRows(latencies: Latencies, length: number): Latencies {
  return {
    length,
    vm: latencies.vm.subarray(0, length),
    span: latencies.span.subarray(0, length),
    hypercall: latencies.hypercall.subarray(0, length),
    bucket: latencies.bucket.subarray(0, length),
    calls: latencies.calls.subarray(0, length),
    totalUs: latencies.totalUs.subarray(0, length),
  };
}
