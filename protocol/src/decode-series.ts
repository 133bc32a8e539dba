/** The series of a batch: columns of bytes to typed arrays, without an object for each row. */
import type { Series } from './batch.js';
import { checkRows, decodeColumn } from './columns.js';
import { BatchError } from './errors.js';
import type { Series as SeriesMessage } from './gen/tcewatch/v1/batch_pb.js';
import type { BatchLimits } from './limits.js';
import { allocateSeries } from './series.js';
import { COUNTERS, SCOPES, hypercallName } from './vocabulary.js';

/**
 * Decodes the columns. Throws BatchError when they disagree or a row names a VM that is not there. Rows whose counter,
 * hypercall or scope this reader does not know are left out: a newer agent may count more.
 */
export function decodeSeries(message: SeriesMessage | undefined, vms: number, limits: Readonly<BatchLimits>): Series {
  if (!message) return allocateSeries(0);
  const rows = message.rows;
  if (rows > limits.series) {
    throw new BatchError('too-large', 'series', `has ${rows} rows, the limit is ${limits.series}`);
  }
  if (message.liobn.length !== rows * 8) {
    throw new BatchError('malformed', 'series.liobn', `has ${message.liobn.length} bytes for ${rows} rows`);
  }
  const { vm, hypercall, value } = message;
  checkRows({ vm, counter: message.counter, hypercall, scope: message.scope, value }, rows, 'series');
  const series = allocateSeries(rows);
  decodeColumn(vm, series.vm, 'series.vm');
  decodeColumn(hypercall, series.hypercall, 'series.hypercall');
  decodeColumn(value, series.value, 'series.value');
  const counter = decodeColumn(message.counter, series.counter, 'series.counter');
  const scope = decodeColumn(message.scope, series.scope, 'series.scope');
  // As it is, since all that Node runs on here is little endian: a bigint for each row would cost more than all the rest.
  new Uint8Array(series.liobn.buffer).set(message.liobn);
  let kept = 0;
  for (let i = 0; i < rows; i++) {
    const owner = series.vm[i] ?? 0;
    if (owner >= vms) throw new BatchError('invalid', 'series.vm', `row ${i} names VM ${owner} of ${vms}`);
    const known = (counter[i] ?? 0) - 1;
    const scoped = (scope[i] ?? 0) - 1;
    const opcode = series.hypercall[i] ?? 0;
    if (COUNTERS[known] === undefined || SCOPES[scoped] === undefined || hypercallName(opcode) === undefined) continue;
    series.counter[kept] = known;
    series.scope[kept] = scoped;
    if (kept !== i) {
      series.vm[kept] = owner;
      series.hypercall[kept] = opcode;
      series.liobn[kept] = series.liobn[i] ?? 0n;
      series.value[kept] = series.value[i] ?? 0;
    }
    kept++;
  }
  return kept === rows ? series : firstRows(series, kept);
}

function firstRows(series: Series, length: number): Series {
  return {
    length,
    vm: series.vm.subarray(0, length),
    counter: series.counter.subarray(0, length),
    hypercall: series.hypercall.subarray(0, length),
    scope: series.scope.subarray(0, length),
    liobn: series.liobn.subarray(0, length),
    value: series.value.subarray(0, length),
  };
}
