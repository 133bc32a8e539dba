/**
 * `npm run bench`: each figure is a ratio of two ways of doing the same thing, measured in turns within this run; but for
 * the last, what the agent costs its host.
 */
import { measureBatching } from './batching.js';
import { measureDecode } from './decode.js';
import { measureFootprint } from './footprint/footprint.js';
import type { Footprint, Memory } from './footprint/footprint.js';
import { measureInsert } from './insert.js';
import type { Comparison } from './measure.js';
import { measureRing } from './ring.js';

const ROUNDS = 7;

function show(what: string, unit: string, { ours, other, ratio }: Comparison, target: string): void {
  const rate = (value: number): string => `${Math.round(value).toLocaleString('en-GB')} ${unit}/s`;
  console.log(`${what}\n  ${rate(ours)} against ${rate(other)}: ratio ${ratio.toFixed(2)} (${target})`);
}

const VMS = 50;

function showFootprint({ node, paced, lean, quick }: Footprint): void {
  const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const memory = ({ rss, own }: Memory): string => `RSS ${mib(rss)}, ${mib(own)} of it its own`;
  const share = (ms: number): string => `${ms.toFixed(0)} ms of a core for each (${(ms / 100).toFixed(2)} % of 10 s)`;
  console.log(
    `The agent with ${VMS} recorded VMs, and no kernel behind them\n` +
      `  at one reading every 10 s: ${memory(paced.memory)} (target 64 MiB or less)\n` +
      `  ${share(paced.cpuMs)} (target less than 0.5 %)\n` +
      `  the same in the environment that the guide advises: ${memory(lean.memory)}, ${share(lean.cpuMs)}\n` +
      `  in quick succession: ${memory(quick.memory)}, ${share(quick.cpuMs)}\n` +
      `  Node ${process.version} that does nothing: ${memory(node)}`,
  );
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

showFootprint(await measureFootprint(VMS));
