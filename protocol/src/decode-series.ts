/** The series of a batch: columns of bytes to typed arrays, without an object for each row. */
import type { Series } from './batch.js';
import { decodeColumn } from './columns.js';
import { BatchError } from './errors.js';
import type { Series as SeriesMessage } from './gen/tcewatch/v1/batch_pb.js';
import type { BatchLimits } from './limits.js';
import { allocateSeries } from './series.js';
import { COUNTERS, SCOPES, hypercallName } from './vocabulary.js';

/**
 * Throws BatchError when the columns disagree or a row names a VM that is not there. Rows whose counter, hypercall or
 * scope this reader does not know are left out: a newer agent may count more.
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
  // Every column has at least a byte a row, so no allocation exceeds what was sent by more than its element size.
  for (const field of ['vm', 'counter', 'hypercall', 'scope', 'value'] as const) {
    if (message[field].length < rows) {
      throw new BatchError('malformed', `series.${field}`, `has ${message[field].length} bytes for ${rows} rows`);
    }
  }
  const series = allocateSeries(rows);
  decodeColumn(message.vm, series.vm, 'series.vm');
  decodeColumn(message.hypercall, series.hypercall, 'series.hypercall');
  decodeColumn(message.value, series.value, 'series.value');
  const counter = decodeColumn(message.counter, series.counter, 'series.counter');
  const scope = decodeColumn(message.scope, series.scope, 'series.scope');
  // As it is, since all that Node runs on here is little endian: a bigint for each row would cost more than all the rest.
  new Uint8Array(series.liobn.buffer).set(message.liobn);
  let kept = 0;
  for (let i = 0; i < rows; i++) {
    const vm = series.vm[i] ?? 0;
    if (vm >= vms) throw new BatchError('invalid', 'series.vm', `row ${i} names VM ${vm} of ${vms}`);
    const known = (counter[i] ?? 0) - 1;
    const scoped = (scope[i] ?? 0) - 1;
    const opcode = series.hypercall[i] ?? 0;
    if (COUNTERS[known] === undefined || SCOPES[scoped] === undefined || hypercallName(opcode) === undefined) continue;
    series.counter[kept] = known;
    series.scope[kept] = scoped;
    if (kept !== i) {
      series.vm[kept] = vm;
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
