/**
 * `npm run bench`: most figures are ratios of two ways of doing the same thing, measured in turns within this run. Two
 * are not: how much faster than real time the detector is, and what the agent costs its host.
 */
import { missingForBroker } from '@tcewatch/testing/kafka';
import { measureBatching } from './batching.js';
import { measureDecode } from './decode.js';
import { measureFleet } from './detector.js';
import type { FleetMeasurement } from './detector.js';
import { measureFootprint } from './footprint/footprint.js';
import type { Footprint, Memory } from './footprint/footprint.js';
import { measureInsert } from './insert.js';
import type { Comparison } from './measure.js';
import { measureRing } from './ring.js';
import { measureTopic } from './topic.js';
import type { TopicMeasurement } from './topic.js';

const ROUNDS = 7;
/** Rounds of the topic: each takes a new database and two groups. */
const TOPIC_ROUNDS = 3;

function show(what: string, unit: string, { ours, other, ratio }: Comparison, target: string): void {
  const rate = (value: number): string => `${Math.round(value).toLocaleString('en-GB')} ${unit}/s`;
  console.log(`${what}\n  ${rate(ours)} against ${rate(other)}: ratio ${ratio.toFixed(2)} (${target})`);
}

function showTopic({ collector, bare, decoding, engine }: TopicMeasurement): void {
  show(
    'Topic to rows in the embedded ClickHouse by the collector, against a consumer that throws messages away',
    'series readings',
    { ours: collector, other: bare, ratio: collector / bare },
    'target 0.5 or more, and 200,000 a second',
  );
  const line = (what: string, rate: number): string =>
    `  ${what}: ${Math.round(rate).toLocaleString('en-GB')} series readings/s, ${(rate / bare).toFixed(2)} of the bare consumer`;
  console.log(line('a consumer that decodes what it throws away', decoding));
  console.log(line('the engine alone, on ready blocks of the same readings', engine));
  console.log(`  of what the engine does alone the collector reaches ${(collector / engine).toFixed(2)}`);
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

function showFleet({ hosts, vms, series, firing, timesRealTime, bytesPerSeries }: FleetMeasurement): void {
  const count = (value: number): string => Math.round(value).toLocaleString('en-GB');
  const { steady, falling } = timesRealTime;
  const { calm, firing: alerting } = bytesPerSeries;
  console.log(
    `${count(hosts)} hosts, ${count(vms)} VMs and ${count(series)} series through the detector on one core\n` +
      `  ${steady.toFixed(1)} times real time at 10 s intervals while ${count(firing)} alerts fire (target 20 or more)\n` +
      `  ${falling.toFixed(1)} times in the 30 s in which all of these begin at once\n` +
      `  ${calm.toFixed(1)} bytes of memory per series while none fires, ${alerting.toFixed(1)} while all do`,
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
  'Batch bytes to rows in the embedded ClickHouse, against the same rows as a ready block',
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

showFleet(measureFleet());

const missing = missingForBroker();
if (missing.length > 0) {
  console.log(`Topic to ClickHouse: left out, Kafka needs ${missing.join(', ')}`);
} else {
  showTopic(await measureTopic(TOPIC_ROUNDS));
}
showFootprint(await measureFootprint(VMS));
