/** The collector on this machine, with the embedded ClickHouse, and its read API: what is in ClickHouse. */
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { HYPERCALL_NAMES, MODES } from '@tcewatch/protocol';
import { z } from 'zod';
import { startChild } from './child.js';
import { LabError } from './errors.js';
import { within } from './wait.js';

/** A token on the way from the host, though both ends are this machine: agents of other hosts need one. */
export const TOKEN = 'lab';
const START_MS = 120_000;
const STOP_MS = 30_000;

const hostsSchema = z.array(z.object({ readAt: z.iso.datetime(), epoch: z.uuid() }));
const vmsSchema = z.array(z.object({ life: z.string(), name: z.string(), tgid: z.int() }));
const countsSchema = z.array(
  z.object({
    life: z.string(),
    vm: z.string(),
    hypercalls: z.array(
      z.object({
        hypercall: z.enum(HYPERCALL_NAMES),
        modes: z.array(z.object({ mode: z.enum(MODES), calls: z.number().nullable(), evidence: z.string() })),
      }),
    ),
  }),
);
const accountsSchema = z.array(
  z.object({ counter: z.enum(['entered', 'punted']), seen: z.number(), stored: z.number(), lost: z.number() }),
);
const alertsSchema = z.array(
  z.object({
    alert: z.string(),
    state: z.enum(['firing', 'resolved']),
    host: z.object({ name: z.string() }),
    vm: z.object({ name: z.string() }).nullable(),
    cause: z.object({ code: z.string(), summary: z.string() }),
  }),
);

/** Everything of interest that ClickHouse holds. */
export interface Stored {
  vms: z.infer<typeof vmsSchema>;
  counts: z.infer<typeof countsSchema>;
  accounts: z.infer<typeof accountsSchema>;
  alerts: z.infer<typeof alertsSchema>;
}

export interface StoredReading {
  /** The time of the reading in milliseconds on the host's clock. */
  takenMs: number;
  epoch: string;
}

export interface Collector {
  url: string;
  port: number;
  /** The newest stored reading; undefined before the first. */
  newest(): Promise<StoredReading | undefined>;
  stored(): Promise<Stored>;
  stop(): Promise<void>;
}

/** Starts it; its files go to `directory`. Rejects with LabError when it does not come up. */
export async function startCollector(directory: string): Promise<Collector> {
  const config = join(directory, 'collector.yaml');
  await writeFile(
    config,
    JSON.stringify({
      listen: { port: 0 },
      intake: { token: TOKEN },
      clickhouse: { embedded: { directory: join(directory, 'clickhouse') } },
    }),
  );
  const entry = createRequire(import.meta.url).resolve('@tcewatch/collector');
  const program = join(dirname(entry), '..', 'bin', 'tcewatch-collector.js');
  const log = join(directory, 'collector.log');
  const child = await startChild([process.execPath, program, 'run', '--config', config], log, 'pipe');
  const stop = async (): Promise<void> => {
    await within(STOP_MS, child.stop('SIGTERM'), () => new LabError(`the collector does not stop; see ${log}`));
  };
  try {
    const url = await within(START_MS, announcedUrl(child.process.stdout), () => failed(log));
    return { url, port: Number(new URL(url).port), ...questions(url), stop };
  } catch (error) {
    await stop();
    throw error instanceof LabError ? error : failed(log);
  }
}

async function announcedUrl(stdout: NodeJS.ReadableStream | null): Promise<string> {
  if (stdout) {
    for await (const line of createInterface({ input: stdout })) {
      return z.object({ url: z.url() }).parse(JSON.parse(line)).url;
    }
  }
  throw new Error('no output');
}

function failed(log: string): LabError {
  return new LabError(`the collector did not come up; see ${log}`);
}

function questions(url: string): Pick<Collector, 'newest' | 'stored'> {
  async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const response = await fetch(`${url}/v1/${path}`);
    if (!response.ok) throw new LabError(`GET /v1/${path} answered ${response.status}: ${await response.text()}`);
    return schema.parse(await response.json());
  }
  return {
    async newest() {
      const [host] = await get('hosts', hostsSchema);
      return host && { takenMs: Date.parse(host.readAt), epoch: host.epoch };
    },
    async stored() {
      return {
        vms: await get('vms', vmsSchema),
        counts: await get('counts', countsSchema),
        accounts: await get('accounts', accountsSchema),
        alerts: await get('alerts', alertsSchema),
      };
    },
  };
}
