/** `npm run bench`: each figure is a ratio of two ways of doing the same thing, measured in turns within this run. */
import { measureBatching } from './batching.js';
import { measureDecode } from './decode.js';
import { measureFleet } from './detector.js';
import { measureInsert } from './insert.js';
import type { Comparison } from './measure.js';
import { measureRing } from './ring.js';

const ROUNDS = 7;

function show(what: string, unit: string, { ours, other, ratio }: Comparison, target: string): void {
  const rate = (value: number): string => `${Math.round(value).toLocaleString('en-GB')} ${unit}/s`;
  console.log(`${what}\n  ${rate(ours)} against ${rate(other)}: ratio ${ratio.toFixed(2)} (${target})`);
}

console.log(`Node ${process.version}, median of ${ROUNDS} rounds in turns\n`);
show(
  'Batch bytes to verdict of the detector, against JSON.parse of the same content',
  'series',
  await measureDecode(ROUNDS),
  'the higher the better',
);
show(
  'Batch bytes to rows in the embedded ClickHouse, against the same rows as ready RowBinary',
  'rows',
  await measureInsert(ROUNDS),
  'target 0.5 or more',
);

const batching = await measureBatching(ROUNDS);
show(
  '64 hosts at once through our own grouping, against ' +
    (batching.asynchronous ? "the server's asynchronous inserts" : 'one insert for each batch'),
  'rows',
  batching,
  'target 1 or more',
);

const ring = await measureRing(ROUNDS);
show('Ring buffer to paired hypercalls, against the same events as text', 'events', ring.text, 'target 30 or more');
show('The same, against a bare sum over the bytes', 'bytes', ring.bytes, 'target 0.3 or more');

const fleet = measureFleet();
const count = (value: number): string => Math.round(value).toLocaleString('en-GB');
console.log(
  `${count(fleet.hosts)} hosts, ${count(fleet.vms)} VMs and ${count(fleet.series)} series through the detector on one core\n` +
    `  ${fleet.timesRealTime.toFixed(1)} times real time at 10 s intervals (target 20 or more); ` +
    `${fleet.bytesPerSeries.toFixed(1)} bytes of memory per series; ${count(fleet.firing)} alerts fire`,
);
