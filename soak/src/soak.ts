/** One run: everything is started, loaded and disturbed; then all is mended, drained and compared. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { recordedSpan } from '@tcewatch/agent';
import { unpack } from '@tcewatch/recordings';
import { askStored } from './answers.js';
import type { ReplayTotals } from './answers.js';
import { compare, generatedTotals, replayedTotals, storedTotals } from './compare.js';
import { disturb } from './disturb.js';
import type { Outcome } from './disturb.js';
import { DEAD_LETTERS, GROUP, TOPIC, addAgents, executable, partsOf, prepareServers } from './fleet.js';
import type { Fleet, Servers } from './fleet.js';
import type { LoadSpec } from './load.js';
import { judgeMemory } from './memory.js';
import type { SoakOptions } from './options.js';
import type { Part } from './part.js';
import { holdsWithin } from '@tcewatch/testing/poll';
import { scheduleOf } from './schedule.js';
import type { Disturbance } from './schedule.js';
import type { SoakResult } from './verdict.js';
import { watch } from './watch.js';

const RECORDING = 'vfio-7.2';
/** Share of the time that a replay takes. */
const REPLAYING = 0.6;
const VMS = 20;
const STARTED_WITHIN_MS = 180_000;
const DRAINED_WITHIN_MS = 300_000;

/** Runs a soak. Rejects when the parts cannot be started; all else is in the result. */
export async function soak(options: SoakOptions, directory: string, say: (line: string) => void): Promise<SoakResult> {
  const recording = await unpack(RECORDING);
  const replayed = await countRecording(recording);
  say('starts Kafka, ClickHouse and two collectors');
  const servers = await prepareServers({ directory, brokers: options.brokers });
  const running: Part[] = [];
  try {
    await startServers(servers, (part) => running.push(part));
    const durationMs = options.minutes * 60_000;
    const beginsMs = Date.now();
    const loads = Array.from({ length: options.agents }, (_, i): LoadSpec => {
      return { seed: options.seed ^ i, host: `host-${i + 1}`, vms: VMS, beginsMs, endsMs: beginsMs + durationMs };
    });
    const { first, last } = await recordedSpan(recording);
    const recordedMs = Number((last.wallNs - first.wallNs) / 1_000_000n);
    const replaySpeed = recordedMs / (durationMs * REPLAYING);
    const fleet = await addAgents(servers, { directory, loads, recording, replaySpeed });
    for (const part of [...fleet.agents.map((agent) => agent.part), fleet.replay]) {
      part.start();
      running.push(part);
    }
    say(`load and disturbances for ${options.minutes} min`);
    const stopWatching = watch(fleet);
    const outcomes = await disturb(fleet, options.calm ? [] : schedule(options, fleet), (outcome) => {
      say(told(outcome));
    });
    await sleep(Math.max(0, beginsMs + durationMs - Date.now()));
    say('all is mended; the agents stop and deliver what they have');
    const troubles = await drain(fleet);
    const { memory, outboxes } = await stopWatching();
    say('compares');
    const stored = await askStored(await readUrl(fleet));
    const expected = new Map([...generatedTotals(loads), ...replayedTotals(replayed)]);
    return {
      seed: options.seed,
      outcomes,
      comparison: compare(expected, storedTotals(stored)),
      memory: judgeMemory(memory),
      outboxes,
      deadLetters: Number(await unread(fleet, `${GROUP}-none`, DEAD_LETTERS)),
      troubles: [...troubles, ...partsOf(fleet).flatMap((part) => part.unwanted)],
    };
  } finally {
    await Promise.all(running.map((part) => part.kill()));
    await servers.client.close();
    await servers.cluster.close();
  }
}

function schedule({ seed, minutes, brokers, agents }: SoakOptions, { collectors }: Fleet): Disturbance[] {
  // The agent that replays is one, too.
  const parts = { agents: agents + 1, collectors: collectors.length, brokers };
  return scheduleOf({ seed, durationMs: minutes * 60_000, ...parts });
}

function told({ kind, what, lastsMs, failure }: Outcome): string {
  return failure === undefined ? `${kind}: ${what} (${(lastsMs / 1000).toFixed(1)} s)` : `${kind} FAILED: ${failure}`;
}

/** Counts a recording by an agent that delivers nowhere. */
async function countRecording(recording: string): Promise<ReplayTotals> {
  const { stdout } = await promisify(execFile)(process.execPath, [executable('agent'), 'replay', recording, '--json']);
  return JSON.parse(stdout) as ReplayTotals;
}

async function startServers({ clickhouse, collectors }: Servers, onStart: (part: Part) => void): Promise<void> {
  for (const stage of [[clickhouse], collectors]) {
    for (const part of stage) {
      part.start();
      onStart(part);
    }
    const isUp = await holdsWithin(STARTED_WITHIN_MS, () => Promise.resolve(stage.every((part) => part.isReady)));
    if (!isUp) throw new Error(`${stage.map(({ name }) => name).join(' and ')} did not start; the logs say why`);
  }
}

/** Resolves to what did not come to its end, in words. */
async function drain(fleet: Fleet): Promise<string[]> {
  const { agents, replay } = fleet;
  const stopped = await Promise.all(
    agents.map(async ({ part }) => {
      const status = await part.stop(DRAINED_WITHIN_MS);
      return status === 0
        ? []
        : [`${part.name} ${status === undefined ? 'did not stop' : `ended with ${status ?? '?'}`}`];
    }),
  );
  const isReplayed = await holdsWithin(DRAINED_WITHIN_MS, () => Promise.resolve(replay.isDone));
  const isRead = await holdsWithin(DRAINED_WITHIN_MS, async () => (await unread(fleet, GROUP, TOPIC)) === 0n);
  return [
    ...stopped.flat(),
    ...(isReplayed ? [] : ['the replay did not come to its end']),
    ...(isRead ? [] : ['the collectors did not read the topic to its end']),
  ];
}

async function unread({ client }: Fleet, group: string, topic: string): Promise<bigint> {
  const lag = await client.admin.groupLag(group, [topic]);
  return lag.reduce((sum, { records }) => sum + records, 0n);
}

/** Finds the URL of a collector that answers. */
async function readUrl({ collectors }: Fleet): Promise<string> {
  const urls = () => collectors.flatMap(({ announced }) => (announced ? [(announced as { url: string }).url] : []));
  await holdsWithin(STARTED_WITHIN_MS, () => Promise.resolve(urls().length > 0));
  const [url] = urls();
  if (url === undefined) throw new Error('no collector runs any more; the logs say why');
  return url;
}
