/** Does what the schedule says. Disturbances of the same thing come one after the other. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { outboxFigures } from './figures.js';
import type { Fleet } from './fleet.js';
import { holdsWithin } from '@tcewatch/testing/poll';
import { repeatRecords } from './repeat.js';
import { CUTS } from './schedule.js';
import type { Disturbance, DisturbanceKind } from './schedule.js';

/** A disturbance and what came of it. */
export interface Outcome extends Disturbance {
  /** The part that was disturbed, or how. */
  what: string;
  /** Why it had no effect; undefined where it had. */
  failure?: string;
}

type Act = (fleet: Fleet, disturbance: Disturbance) => Promise<string>;

/** A full outbox takes an outage; on a slow machine a long one. */
const FILLED_WITHIN_MS = 90_000;

const ACTS: Readonly<Record<DisturbanceKind, Act>> = {
  'kill-agent': async ({ agents, replay }, { target, lastsMs }) => {
    const part = agents[target]?.part ?? replay;
    if (part.isDone) return `${part.name}, which had come to its end`;
    await part.kill();
    await sleep(lastsMs);
    part.start();
    return part.name;
  },
  'kill-collector': async ({ collectors }, { target, lastsMs }) => {
    const part = existing(collectors[target]);
    await part.kill();
    await sleep(lastsMs);
    part.start();
    return part.name;
  },
  'kill-clickhouse': async ({ clickhouse }, { lastsMs }) => {
    await clickhouse.kill();
    await sleep(lastsMs);
    clickhouse.start();
    return 'the engine and who watches it';
  },
  'kill-engine': async ({ clickhouse }) => {
    // Whoever watches it starts it again.
    if (!(await holdsWithin(FILLED_WITHIN_MS, async () => (await childrenOf(clickhouse.pid)).length > 0))) {
      throw new Error('there was no engine to kill');
    }
    for (const pid of await childrenOf(clickhouse.pid)) process.kill(pid, 'SIGKILL');
    return 'the engine alone';
  },
  'kill-broker': (fleet, disturbance) => endBroker(fleet, disturbance, 'SIGKILL'),
  'stop-broker': (fleet, disturbance) => endBroker(fleet, disturbance, 'SIGTERM'),
  'cut-network': async ({ cluster }, { target, lastsMs }) => {
    const cut = CUTS[target] ?? 'all';
    if (cut === 'freeze') cluster.freeze();
    else cluster.cut(cut);
    await sleep(lastsMs);
    cluster.mend();
    return cut;
  },
  'fill-outboxes': async ({ cluster, agents }, { lastsMs }) => {
    const thinned = () => Promise.all(agents.map(({ url }) => outboxFigures(url).then((f) => f?.thinned ?? 0)));
    const before = await thinned();
    cluster.cut('all');
    try {
      const filled = async () => (await thinned()).some((now, i) => now > (before[i] ?? 0));
      if (!(await holdsWithin(FILLED_WITHIN_MS, filled))) throw new Error('no outbox became full');
      await sleep(lastsMs);
    } finally {
      cluster.mend();
    }
    return 'an outage until one is full';
  },
  'repeat-topic': async ({ client }, { seed }) => `${await repeatRecords(client, seed)} records, in any order`,
};

/** What cannot be disturbed twice at a time. */
const DOMAINS: Readonly<Record<DisturbanceKind, string>> = {
  'kill-agent': 'agents',
  'kill-collector': 'collectors',
  'kill-clickhouse': 'clickhouse',
  'kill-engine': 'clickhouse',
  'kill-broker': 'brokers',
  'stop-broker': 'brokers',
  'cut-network': 'network',
  'fill-outboxes': 'network',
  'repeat-topic': 'topic',
};

/** Resolves when all of it is done and mended. */
export async function disturb(
  fleet: Fleet,
  schedule: readonly Disturbance[],
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const beganMs = performance.now();
  const domains = new Map<string, Promise<unknown>>();
  return Promise.all(
    schedule.map(async (disturbance) => {
      const before = domains.get(DOMAINS[disturbance.kind]) ?? Promise.resolve();
      const outcome = (async () => {
        await sleep(beganMs + disturbance.atMs - performance.now());
        await before;
        return act(fleet, disturbance);
      })();
      domains.set(DOMAINS[disturbance.kind], outcome);
      tell(await outcome);
      return outcome;
    }),
  );
}

async function act(fleet: Fleet, disturbance: Disturbance): Promise<Outcome> {
  try {
    return { ...disturbance, what: await ACTS[disturbance.kind](fleet, disturbance) };
  } catch (error) {
    return { ...disturbance, what: '', failure: (error as Error).message };
  }
}

async function endBroker(
  { cluster }: Fleet,
  { target, lastsMs }: Disturbance,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<string> {
  const broker = existing(cluster.brokers[target]);
  await broker.stop(signal);
  await sleep(lastsMs);
  await broker.start();
  return `broker ${broker.id}`;
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  if (pid === undefined) return [];
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text.split(' ').filter(Boolean).map(Number);
}

function existing<T>(part: T | undefined): T {
  if (part === undefined) throw new RangeError('there is no such part');
  return part;
}
