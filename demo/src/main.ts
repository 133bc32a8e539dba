/**
 * `npm run demo`: a recorded POWER host through the real agent, HTTP on loopback, the real collector and the embedded
 * ClickHouse. Exit code 0 only if the books balance: seen = stored + lost.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordedSpan } from '@tcewatch/agent';
import { unpack } from '@tcewatch/recordings';
import { connect } from './api.js';
import type { AlertAnswer, Api } from './api.js';
import { parseOptions } from './options.js';
import type { DemoOptions } from './options.js';
import { start } from './programs.js';
import type { Program } from './programs.js';
import { startProgress } from './progress.js';
import { alertLine, report } from './report.js';
import { toResult } from './result.js';
import type { DemoResult } from './result.js';

/** How often the bar asks the collector what it has, in milliseconds. */
const POLL_MS = 250;

/** Resolves when the process is asked to end. */
const interrupted = new Promise<void>((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

async function demo(options: DemoOptions): Promise<boolean> {
  const recording = await unpack(options.recording);
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-demo-'));
  // With --json standard output belongs to the one object.
  const progress = startProgress(await recordedSpan(recording), options.json ? process.stderr : process.stdout);
  const receiver = await startReceiver((body) => {
    progress.say(alertLine(body as AlertAnswer));
  });
  const collector = await startCollector(directory, receiver.url);
  try {
    progress.say(`The fleet, as it happens: ${collector.url}/`);
    const api = connect(collector.url);
    await replay(recording, options.speed, collector.url, api, (seconds) => {
      progress.update(seconds);
    });
    progress.stop();
    const [accounts, counts, alerts, hosts] = await Promise.all([
      api.accounts(),
      api.counts(),
      api.alerts(),
      api.hosts(),
    ]);
    const result: DemoResult = toResult(accounts, counts, alerts);
    console.log(options.json ? JSON.stringify(result) : report(result, alerts, hosts));
    if (options.keepRunning) {
      console.error(
        `\nThe collector goes on: its page is ${collector.url}/ (and try /v1/vms, /metrics). Ctrl-C ends it.`,
      );
      await interrupted;
    }
    return result.balanced;
  } finally {
    progress.stop();
    await collector.program.stop();
    receiver.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startCollector(directory: string, webhook: string): Promise<{ program: Program; url: string }> {
  const config = join(directory, 'collector.yaml');
  await writeFile(
    config,
    JSON.stringify({
      listen: { port: 0 },
      clickhouse: {
        embedded: { directory: join(directory, 'clickhouse') },
        // The recording is as old as it is: nothing of it may be too old to keep.
        retention: { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 },
      },
      notifiers: [{ type: 'webhook', url: webhook }],
    }),
  );
  const program = start('collector', ['run', '--config', config]);
  const ready = JSON.parse(await program.line((line) => line.startsWith('{'))) as { url: string };
  return { program, url: ready.url };
}

/** Plays the recording to the collector; `reached` is told the time of the newest reading that is stored. */
async function replay(
  recording: string,
  speed: number,
  url: string,
  api: Api,
  reached: (unixSeconds: number) => void,
): Promise<void> {
  const agent = start('agent', ['replay', recording, '--speed', String(speed), '--json', '--collector-url', url]);
  const poll = setInterval(() => {
    // The end of the replay tells whether something is wrong; a question that fails now only leaves the bar where it is.
    api.hosts().then(
      (hosts) => {
        reached(Math.max(0, ...hosts.map((host) => Date.parse(host.readAt) / 1000)));
      },
      () => undefined,
    );
  }, POLL_MS);
  try {
    const code = await Promise.race([agent.ended, interrupted]);
    if (code === undefined) throw new Error('interrupted');
    if (code !== 0) throw new Error(`tcewatch-agent ended with ${code}:\n${agent.tail()}`);
  } finally {
    clearInterval(poll);
    await agent.stop();
  }
}

/** The operator's end of the collector's webhook. */
interface Receiver {
  url: string;
  close(): void;
}

/** Listens on loopback and hands the body of each request to `receive`. */
async function startReceiver(receive: (body: unknown) => void): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      receive(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

try {
  process.exitCode = (await demo(parseOptions(process.argv))) ? 0 : 1;
} catch (error) {
  console.error(`demo: ${(error as Error).message}`);
  process.exitCode = 1;
}
