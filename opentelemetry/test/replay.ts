/** A recording of a real host through both built programs, and somebody who is notified. */
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { expect } from 'vitest';
import { packagesIn, start } from './programs.js';

/** Receives notifications; the traceparent of each. */
export async function receiveWebhook() {
  const traceparents: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    traceparents.push(request.headers['traceparent']?.toString());
    request.resume().once('end', () => response.writeHead(204).end());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, traceparents, close };
}

export interface Replay {
  /** For both programs. */
  env: Record<string, string>;
  webhook?: string;
  /** Without it the agent delivers over HTTP. Resolves `taken` once the collector has taken what the agent has sent. */
  kafka?: { brokers: string; taken: () => Promise<void> };
}

/** Log, and names of the packages that were loaded. */
interface Ended {
  log: string;
  packages: string[];
}

export interface Replayed {
  agent: Ended;
  collector: Ended;
  /** What the collector answers to `/v1/counts`. */
  counts: unknown;
}

/** Resolves when both have ended well. The directory is made, and must not be there. */
export async function replay(directory: string, { env, webhook, kafka }: Replay): Promise<Replayed> {
  const traces = { agent: join(directory, 'agent'), collector: join(directory, 'collector') };
  await mkdir(directory);
  const config = join(directory, 'collector.yaml');
  await writeFile(
    config,
    JSON.stringify({
      listen: { port: 0 },
      clickhouse: {
        embedded: { directory: join(directory, 'clickhouse') },
        retention: { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 },
      },
      notifiers: webhook === undefined ? [] : [{ type: 'webhook', url: webhook }],
      ...(kafka && { kafka: { brokers: [kafka.brokers], topics: { partitions: 1, replicas: 1 } } }),
    }),
  );
  const collector = start('collector', { args: ['run', '--config', config], env, traces: traces.collector });
  let counts: unknown;
  let agentLog: string;
  try {
    const { url } = JSON.parse(await collector.firstLine) as { url: string };
    const to = kafka ? ['--transport', 'kafka', '--kafka-brokers', kafka.brokers] : ['--collector-url', url];
    const args = ['replay', await unpack('vfio-7.2'), '--json', ...to];
    const agent = await start('agent', { args, env, traces: traces.agent }).ended;
    expect(agent).toMatchObject({ status: 0 });
    agentLog = agent.log;
    await kafka?.taken();
    counts = await (await fetch(`${url}/v1/counts`)).json();
  } finally {
    collector.stop();
  }
  const { status, log } = await collector.ended;
  expect({ status, log }).toMatchObject({ status: 0 });
  return {
    agent: { log: agentLog, packages: await packagesIn(traces.agent) },
    collector: { log, packages: await packagesIn(traces.collector) },
    counts,
  };
}
