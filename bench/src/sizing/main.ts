/**
 * `npm run sizing`: what a fleet sends and what it takes on disk, worked out from one host whose VMs do what recorded
 * ones did. The host's readings go through the real store into the embedded ClickHouse, whose own figures of its parts
 * are told.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { ClickHouse, DEFAULT_RETENTION, openStore, startEmbeddedClickHouse } from '@tcewatch/collector';
import { createLog } from '@tcewatch/common';
import { encodeBatch } from '@tcewatch/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { SizedHost, recordedBatches, templateOf } from './host.js';

const RECORDING = 'vfio-7.2';
/** The VM to size by: accelerated, with a disk that is passed through, and under load to the end. */
const VM = 'vfa';
const DAY_SECONDS = 86_400;
/** Batches of one insert: as many as a collector that keeps up puts into it. */
const TOGETHER = 64;
/** Midnight: all readings fall into one partition. */
const BEGAN_NS = 1_795_305_600_000_000_000n;
/**
 * Days that each table of figures keeps its rows by default; the others have a row for each series, VM or host that
 * ever was.
 */
const KEPT: Readonly<Record<string, number>> = {
  readings: DEFAULT_RETENTION.readings,
  readings_minute: DEFAULT_RETENTION.minutes,
  readings_hour: DEFAULT_RETENTION.hours,
  readings_recent: 2,
  host_readings: DEFAULT_RETENTION.hosts,
  host_runs: DEFAULT_RETENTION.hosts,
  accounts: DEFAULT_RETENTION.hosts,
};
const FOR_EVER = { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 };

interface Options {
  hosts: number;
  vms: number;
  interval: number;
  hours: number;
}

interface Part {
  table: string;
  rows: number;
  bytes: number;
}

const number = (value: number, digits = 0): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: digits, minimumFractionDigits: digits });
const gib = (bytes: number): string => `${number(bytes / 2 ** 30, 2)} GiB`;

/** Hours of one host through the store; resolves to what ClickHouse then has on disk, merged. */
async function stored(host: SizedHost, readings: number): Promise<Part[]> {
  const log = createLog({ level: 'error' });
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-sizing-'));
  const engine = await startEmbeddedClickHouse({ directory, log });
  try {
    const store = await openStore({ clickhouse: engine, log, retention: FOR_EVER });
    for (let done = 0; done < readings; done += TOGETHER) {
      await store.insertBatches(Array.from({ length: Math.min(TOGETHER, readings - done) }, () => host.next()));
    }
    await store.close();
    const clickhouse = new ClickHouse(engine, 'tcewatch');
    for (const table of Object.keys(KEPT)) await clickhouse.command('cannot merge', `OPTIMIZE TABLE ${table} FINAL`);
    const parts = await clickhouse.select<Part>(
      'cannot ask for parts',
      `SELECT table, toFloat64(sum(rows)) AS rows, toFloat64(sum(bytes_on_disk)) AS bytes FROM system.parts
       WHERE active AND database = 'tcewatch' GROUP BY table ORDER BY bytes DESC`,
    );
    await clickhouse.close();
    return parts;
  } finally {
    await engine.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function main({ hosts, vms, interval, hours }: Options): Promise<void> {
  const template = templateOf(await recordedBatches(RECORDING), VM);
  const make = (): SizedHost => new SizedHost('host', template, vms, BEGAN_NS, interval);
  const sample = make();
  const batches = Array.from({ length: 100 }, () => sample.next());
  const encoded = batches.map(encodeBatch);
  const mean = (sizes: readonly number[]): number => sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const plain = mean(encoded.map((batch) => batch.length));
  // As the agent's producer compresses each message.
  const bytes = mean(encoded.map((batch) => gzipSync(batch).length));
  const series = template.series.length;
  const readingsADay = DAY_SECONDS / interval;
  console.log(
    `${number(hosts)} hosts with ${vms} VMs each, all of them busy, a reading every ${interval} s\n` +
      `  series of a VM: ${series} (${VM} of the recording ${RECORDING}); of a host: ${number(series * vms)}; ` +
      `of the fleet: ${number(series * vms * hosts)}\n` +
      `  series readings a second: ${number((series * vms * hosts) / interval)}, in ${number(hosts / interval)} batches\n` +
      `  a batch: ${number(plain)} bytes, ${number(bytes)} compressed; the topic: ${gib(bytes * readingsADay * hosts)} a day for each replica\n` +
      `  ${hours} hours of one host in the embedded ClickHouse:`,
  );
  const parts = await stored(make(), Math.round((hours * 3600) / interval));
  let total = 0;
  for (const { table, rows, bytes: size } of parts) {
    const kept = KEPT[table];
    if (kept === undefined) continue;
    const [rowsADay, bytesADay] = [rows, size].map((one) => (one * hosts * 24) / hours) as [number, number];
    total += bytesADay * kept;
    const day = `the fleet's: ${number(rowsADay)} rows and ${gib(bytesADay)} a day, ${gib(bytesADay * kept)} in ${kept} days`;
    console.log(`    ${table}: ${number(size / rows, 2)} bytes of disk for a row; ${day}`);
  }
  const others = parts.filter(({ table }) => !(table in KEPT));
  const still = others.reduce((sum, part) => sum + part.bytes, 0);
  console.log(`    ${number(others.length)} tables that do not grow with time: ${number(still / 1024)} KiB`);
  console.log(`  on disk with the default retention, once it is reached: ${gib(total)} for each replica`);
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('give a number above 0.');
  return value;
}

const command = new Command('npm run sizing --')
  .description('Says what a fleet sends and what it takes on disk, from what recorded VMs did.')
  .option('--hosts <n>', 'hosts of the fleet', positive, 500)
  .option('--vms <n>', 'VMs of each host', positive, 20)
  .option('--interval <seconds>', 'time between readings, a multiple of two seconds', positive, 10)
  .option('--hours <n>', 'hours of one host that are stored', positive, 6);
await main(command.parse().opts<Options>());
