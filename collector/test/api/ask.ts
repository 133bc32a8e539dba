/** Asks the read API over a store that answers what a test says. */
import { Secret } from '@tcewatch/common';
import { RADIX, lifeOf } from '@tcewatch/testing/batches';
import fastify from 'fastify';
import { readApi } from '../../src/api/api.js';
import { AlertFeed } from '../../src/api/feed.js';
import type { HostRow, StoreQueries, VmRow } from '../../src/store/index.js';

export const life = lifeOf('a');
/** The only one that the store knows. */
export const vm: VmRow = {
  hostId: 'h',
  life,
  vm: 'a',
  uuid: '',
  tgid: 7,
  startedAtNs: 1_000_000_000n,
  ended: false,
  evidence: RADIX,
  facts: null,
};

/** The host of that VM. */
export const host: HostRow = {
  hostId: 'h',
  hostName: 'h.example',
  kernel: '7.2.0',
  cpu: 'POWER10',
  platform: 'pSeries',
  agentVersion: '0.1.0',
  source: 'hist',
  bootId: lifeOf('boot'),
  epoch: lifeOf('epoch'),
  intervalNs: 10_000_000_000n,
  readAtNs: 0n,
  problems: [],
};

/** A store that answers nothing, or what a test says: the answers of a real one are tested with the whole collector. */
export function queriesOf(given: Partial<StoreQueries> = {}): StoreQueries {
  const nothing = () => Promise.resolve([]);
  return {
    hosts: nothing,
    hostRuns: nothing,
    vms: ({ life: wanted } = {}) => Promise.resolve(wanted === undefined || wanted === life ? [vm] : []),
    livingVms: () => Promise.resolve([vm]),
    counters: nothing,
    recent: nothing,
    counterSteps: nothing,
    liobns: nothing,
    latency: () => Promise.resolve({ spans: [], seconds: null, lostMsPerSecond: null }),
    alerts: nothing,
    newestAlerts: nothing,
    alertEvents: nothing,
    accounts: nothing,
    freshness: nothing,
    guestSpans: nothing,
    ping: () => Promise.resolve(),
    ...given,
  };
}

/** Looks at nothing: tells only what it is given. */
export function quietFeed(): AlertFeed {
  const onError = (error: unknown): never => {
    throw error;
  };
  return new AlertFeed({ storedAfter: () => Promise.resolve([]), now: () => 0n, onError, everyMs: 1_000_000 });
}

export async function get(
  url: string,
  given: Partial<StoreQueries> = {},
  token?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const app = fastify();
  try {
    await app.register(readApi, {
      queries: queriesOf(given),
      feed: quietFeed(),
      token: token === undefined ? undefined : new Secret(token),
      maxClockSkewMs: 10_000,
    });
    const response = await app.inject({ url, headers });
    return { status: response.statusCode, body: response.json<unknown>() };
  } finally {
    await app.close();
  }
}
