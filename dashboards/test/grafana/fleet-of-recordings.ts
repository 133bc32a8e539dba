/** An embedded ClickHouse that holds two recordings, each of them a host, and Grafana's way to ask it. */
import { createDetector, openStore, startEmbeddedClickHouse } from '@tcewatch/collector';
import type { Batch } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { FOR_EVER, recordedBatches } from '@tcewatch/testing/recorded-batches';
import { rememberingLog } from '@tcewatch/testing/remembering-log';

const DATABASE = 'tcewatch';
/** Recordings, each with the VM in it that falls back. */
const FALLING = { 'vfio-7.2': 'hot', 'fallback-6.1': 'l2f' };
export type Recording = keyof typeof FALLING;
export const RECORDINGS = Object.keys(FALLING) as Recording[];
const READER = { username: 'reader', password: 'reads' };

/** State of the time picker and the variables; times in milliseconds since 1970. */
export interface View {
  fromMs: number;
  toMs: number;
  intervalSeconds: number;
  variables: Readonly<Record<string, readonly string[]>>;
}

export interface Answer {
  meta: { name: string; type: string }[];
  data: unknown[][];
}

/** Replaces variables as Grafana does in the browser. */
export function interpolate(sql: string, { variables }: View): string {
  return sql.replaceAll(/\$\{(\w+):sqlstring\}/g, (_, name: string) =>
    (variables[name] ?? []).map((value) => `'${value.replaceAll("'", "''")}'`).join(','),
  );
}

/** Replaces variables, and macros as the data source's backend does. */
export function expand(sql: string, view: View): string {
  return interpolate(sql, view)
    .replaceAll('$__fromTime_ms', `fromUnixTimestamp64Milli(${view.fromMs})`)
    .replaceAll('$__toTime_ms', `fromUnixTimestamp64Milli(${view.toMs})`)
    .replaceAll('$__interval_s', String(view.intervalSeconds));
}

export async function fleetOfRecordings(names: readonly Recording[] = RECORDINGS) {
  const directory = await temporaryDirectory();
  const log = rememberingLog();
  const clickhouse = await startEmbeddedClickHouse({ directory: directory.path, reader: READER, log });
  const store = await openStore({ clickhouse, database: DATABASE, retention: FOR_EVER, log });
  const detector = createDetector();
  const hosts: Record<string, readonly Batch[]> = {};
  for (const name of names) {
    const batches = await recordedBatches(name);
    hosts[name] = batches;
    await store.insertBatches(batches);
    await store.insertAlertEvents(batches.flatMap((batch) => detector.observe(batch)));
  }
  return {
    store,
    hosts,
    viewOf,
    reader: { url: clickhouse.url, database: DATABASE, ...READER },
    /** As the reader, who has no settings of the store's client. */
    ask: (sql: string, view: View): Promise<Answer> => post(expand(sql, view), READER),
    /** The tables of which it reads rows. */
    tables: async (sql: string, view: View): Promise<unknown[]> => {
      const { data } = await post(`EXPLAIN ESTIMATE ${expand(sql, view)}`, clickhouse);
      return data.filter(([, , , rows]) => Number(rows) > 0).map(([, table]) => table);
    },
    close: async () => {
      await store.close();
      await clickhouse.close();
      await directory.remove();
    },
  };

  /** The whole of a recording, and its VM that falls back. */
  function viewOf(recording: Recording, { intervalSeconds = 10 } = {}): View & { life: string } {
    const batches = hosts[recording] ?? [];
    const ms = batches.map(({ clock }) => Number(clock.wallNs / 1_000_000n));
    const vm = batches.flatMap(({ vms }) => vms).find(({ name }) => name === FALLING[recording]);
    const host = batches[0]?.host.id ?? '';
    const life = vm?.life ?? '';
    const fromMs = Math.min(...ms) - 60_000;
    return { fromMs, toMs: Math.max(...ms) + 1000, intervalSeconds, life, variables: { host: [host], life: [life] } };
  }

  async function post(sql: string, user: { username: string; password: string }): Promise<Answer> {
    const parameters = new URLSearchParams({
      database: DATABASE,
      default_format: 'JSONCompact',
      output_format_json_quote_64bit_integers: '0',
    });
    const response = await fetch(`${clickhouse.url}/?${parameters.toString()}`, {
      method: 'POST',
      body: sql,
      headers: { 'x-clickhouse-user': user.username, 'x-clickhouse-key': user.password },
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${text}\n${sql}`);
    return JSON.parse(text) as Answer;
  }
}
