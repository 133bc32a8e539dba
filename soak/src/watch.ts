/** Looks at the processes once a second while they run: memory of the collectors, outboxes of the agents. */
import { setTimeout as sleep } from 'node:timers/promises';
import { outboxFigures, residentBytes } from './figures.js';
import type { OutboxFigures } from './figures.js';
import type { Fleet } from './fleet.js';
import type { MemorySample } from './memory.js';

const PERIOD_MS = 1000;

export interface Watched {
  memory: readonly MemorySample[];
  /** Figures of all agents and all of their lives, as far as they were seen. */
  outboxes: OutboxFigures;
}

/** Begins at once; call what it gives to end it. */
export function watch({ collectors, agents }: Fleet): () => Promise<Watched> {
  const ended = new AbortController();
  const memory: MemorySample[] = [];
  const outboxes = new Map<string, OutboxFigures>();

  const look = async (): Promise<void> => {
    await Promise.all([
      ...collectors.map(async ({ name, pid, lives, ageMs }) => {
        const bytes = pid === undefined ? undefined : await residentBytes(pid);
        if (bytes !== undefined) memory.push({ process: name, life: lives, ageMs, bytes });
      }),
      ...agents.map(async ({ part: { name, lives }, url }) => {
        const figures = await outboxFigures(url);
        if (figures) outboxes.set(`${name} ${lives}`, figures);
      }),
    ]);
  };
  const looking = (async () => {
    while (!ended.signal.aborted) {
      await look();
      await sleep(PERIOD_MS, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  })();
  return async () => {
    ended.abort();
    await looking;
    return { memory, outboxes: total([...outboxes.values()]) };
  };
}

function total(all: readonly OutboxFigures[]): OutboxFigures {
  const sum = (name: keyof OutboxFigures): number => all.reduce((whole, figures) => whole + figures[name], 0);
  return {
    delivered: sum('delivered'),
    thinned: sum('thinned'),
    discarded: sum('discarded'),
    rejected: sum('rejected'),
    unreadable: sum('unreadable'),
    corrupt: sum('corrupt'),
  };
}
