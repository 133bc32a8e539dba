/**
 * TceTelemetrySilent: an agent that reports no more. Judged by when batches came, on the collector's own clock: a recording
 * that is replayed with an old clock is not silent. Each collector watches all hosts, whoever takes their batches: what it
 * does not hear itself it looks up in the store. So rebalances change nothing, and where two collectors notice the same
 * silence they make the same alert.
 */
import { groupBy } from '@tcewatch/common';
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { MAX_HOSTS, hostCache, silentFirst } from '../../hosts/host-cache.js';
import { silentCause } from '../causes/index.js';
import { aboutHost, resolve } from '../event.js';
import type { AlertEvent } from '../event.js';
import { createPolicy } from '../policy.js';
import type { Policy } from '../policy.js';
import { DEFAULT_RULES } from '../rules.js';
import { refresh } from './freshness.js';
import type { WatchedAgent } from './freshness.js';

/** Missed intervals before a host counts as silent. */
const INTERVALS = 3n;

export interface Freshness {
  hostId: string;
  /** Time of the newest reading, on the host's clock. */
  readAtNs: bigint;
}

/** Silence that began within this time of now may have one cause; who was silent before has one of its own. */
const TOGETHER_NS = 900_000_000_000n;

interface Together {
  silent: number;
  watched: number;
}

/** State of the store at a start. */
export interface KnownAtStart {
  freshness: readonly Freshness[];
  names: ReadonlyMap<string, string>;
  /** Uuids of guests by the key of the agent in them. */
  guests: ReadonlyMap<string, string>;
  firing: readonly AlertEvent[];
}

/** Result of a check of all hosts. */
export interface Findings {
  events: AlertEvent[];
  /** Silent hosts that are taken for removed: for so long, or by configuration. */
  removed: string[];
}

export class SilenceWatch {
  readonly #hosts;
  /** Keys of agents in guests by uuid. */
  readonly #guests = new Map<string, string>();
  /** Alerts of hosts that had to make room, which nobody would end. */
  #ending: AlertEvent[] = [];
  /** When the store last did not answer: what could not be stored was not heard. */
  #troubleNs = 0n;

  /** Watches `maxHosts` hosts at most. */
  constructor(
    private readonly policy: Policy = createPolicy(DEFAULT_RULES),
    maxHosts = MAX_HOSTS,
  ) {
    this.#hosts = hostCache<WatchedAgent>({
      max: maxHosts,
      dispose: ({ alert, guest }, _, reason) => {
        if (reason === 'evict' && alert) this.#ending.push(alert);
        if (guest) this.#guests.delete(guest.uuid);
      },
    });
  }

  /** Goes on from what the store knows, with as much patience for each host as if it had just been heard of. */
  restore({ freshness, names, guests, firing }: KnownAtStart, nowNs: bigint): void {
    const alerts = groupBy(firing, ({ hostId }) => hostId);
    const lastRead = new Map(freshness.map(({ hostId, readAtNs }) => [hostId, readAtNs]));
    // The store may have forgotten a host whose alerts still fire: they end when it is taken for removed.
    for (const { hostId, atNs } of firing) if (!lastRead.has(hostId)) lastRead.set(hostId, atNs);
    for (const [hostId, readNs] of lastRead) {
      const own = alerts.get(hostId) ?? [];
      const name = own[0]?.hostName ?? names.get(hostId) ?? hostId;
      // A host that was removed before the restart is not silent anew.
      if (own.length === 0 && nowNs - readNs >= this.policy.rulesOf(name).forgetAfterNs) continue;
      const uuid = guests.get(hostId);
      this.#keep({
        hostId,
        name,
        readNs,
        receivedNs: nowNs,
        sinceNs: readNs < nowNs ? readNs : nowNs,
        intervalNs: 0n,
        guest: uuid === undefined ? null : { uuid: uuid.toLowerCase(), runsOn: null },
        alert: own.find(({ alert }) => alert === 'TceTelemetrySilent') ?? null,
      });
    }
  }

  /** Takes note of batches that are stored, and when they came: the events that end silences. */
  observe(batches: readonly Batch[], receivedNs: bigint): AlertEvent[] {
    return batches.flatMap((batch) => {
      const heard = refresh(this.#hosts.peek(batch.host.id), batch, receivedNs);
      const { alert } = heard;
      this.#keep({ ...heard, alert: null });
      if (!heard.guest) this.#seeGuests(batch, receivedNs);
      return alert ? [resolve(alert, batch.clock.wallNs)] : [];
    });
  }

  /**
   * Looks for hosts that are silent. `freshness` is asked only where some may be; while it rejects nobody is silent, since
   * nothing can be stored.
   */
  async check(nowNs: bigint, freshness: () => Promise<readonly Freshness[]>): Promise<Findings> {
    const suspects = this.#agents().filter((host) => this.#isSilent(host, nowNs));
    const events = this.#ending.map((alert) => resolve(alert, alert.atNs));
    this.#ending = [];
    if (suspects.length === 0) return { events, removed: [] };
    try {
      for (const read of await freshness()) events.push(...this.#hearElsewhere(read, nowNs));
    } catch {
      this.#troubleNs = nowNs;
      return { events, removed: [] };
    }
    // What was heard while the store was asked is not silent any more.
    const silent = suspects.flatMap(({ hostId }) => this.#hosts.peek(hostId) ?? []);
    const still = silent.filter((host) => this.#isSilent(host, nowNs));
    const forgotten = still.filter((host) => this.#isRemoved(host, nowNs));
    for (const host of forgotten) {
      this.#hosts.delete(host.hostId);
      if (host.alert) events.push(resolve(host.alert, this.#hostTime(host, nowNs)));
    }
    const together = this.#together(nowNs);
    for (const host of still) if (this.#hosts.has(host.hostId)) events.push(...this.#fire(host, nowNs, together));
    return { events, removed: forgotten.map(({ hostId }) => hostId) };
  }

  #fire(host: WatchedAgent, nowNs: bigint, hosts: Together): AlertEvent[] {
    const { hostId, name, readNs } = host;
    if (host.alert || this.policy.isMaintained(nowNs, name) || !this.#shouldReport(host)) return [];
    const alert = aboutHost({
      alertId: deriveId('TceTelemetrySilent', hostId, readNs),
      alert: 'TceTelemetrySilent',
      hostId,
      hostName: name,
      atNs: this.#hostTime(host, nowNs),
      ...silentCause({
        of: host.guest ? 'guest' : 'host',
        seconds: Number(nowNs - host.receivedNs) / 1e9,
        lastReadNs: readNs,
        neighbours: this.#neighbours(host, nowNs),
        hosts,
      }),
    });
    host.alert = alert;
    return [alert];
  }

  #isSilent({ name, receivedNs, intervalNs }: WatchedAgent, nowNs: bigint): boolean {
    const heardNs = receivedNs > this.#troubleNs ? receivedNs : this.#troubleNs;
    return nowNs - heardNs > this.#patienceNs(name, intervalNs);
  }

  /** Whether a silent host is taken for removed: it was silent for so long, or nobody wants to know of it. */
  #isRemoved({ name, sinceNs }: WatchedAgent, nowNs: bigint): boolean {
    const { enabled, forgetAfterNs } = this.policy.rulesOf(name);
    return !enabled || nowNs - sinceNs >= forgetAfterNs;
  }

  #patienceNs(name: string, intervalNs: bigint): bigint {
    const { silentAfterNs } = this.policy.rulesOf(name);
    return silentAfterNs > INTERVALS * intervalNs ? silentAfterNs : INTERVALS * intervalNs;
  }

  /** Whether an agent ought to report: a guest that is not seen to run any more was stopped or has moved. */
  #shouldReport({ guest, name, receivedNs, intervalNs }: WatchedAgent): boolean {
    if (!guest) return true;
    return guest.runsOn !== null && guest.runsOn.seenNs - receivedNs > this.#patienceNs(name, intervalNs);
  }

  /** Now on the host's clock: the silent time is the same on both clocks. */
  #hostTime({ readNs, receivedNs }: WatchedAgent, nowNs: bigint): bigint {
    return readNs + (nowNs - receivedNs);
  }

  #neighbours({ hostId, guest }: WatchedAgent, nowNs: bigint): boolean | null {
    if (guest) return true;
    const guests = [...this.#guests.values()].flatMap((key) => this.#hosts.peek(key) ?? []);
    const own = guests.filter((other) => other.guest?.runsOn?.hostId === hostId);
    return own.length === 0 ? null : own.some((other) => !this.#isSilent(other, nowNs));
  }

  /** Counts the hosts that were heard of lately, and those of them that are silent by now. */
  #together(nowNs: bigint): Together {
    const heard = this.#agents().filter((host) => !host.guest && nowNs - host.receivedNs < TOGETHER_NS);
    return { silent: heard.filter((host) => this.#isSilent(host, nowNs)).length, watched: heard.length };
  }

  #agents(): WatchedAgent[] {
    return silentFirst(this.#hosts).map(([, agent]) => agent);
  }

  #hearElsewhere({ hostId, readAtNs }: Freshness, nowNs: bigint): AlertEvent[] {
    const known = this.#hosts.peek(hostId);
    if (!known || readAtNs <= known.readNs) return [];
    this.#keep({ ...known, readNs: readAtNs, receivedNs: nowNs, sinceNs: nowNs, alert: null });
    return known.alert ? [resolve(known.alert, readAtNs)] : [];
  }

  #seeGuests({ host, vms }: Batch, seenNs: bigint): void {
    if (this.#guests.size === 0) return;
    for (const { uuid, ended } of vms) {
      const key = ended || uuid === '' ? undefined : this.#guests.get(uuid.toLowerCase());
      const agent = key === undefined ? undefined : this.#hosts.peek(key);
      if (agent?.guest) agent.guest.runsOn = { hostId: host.id, seenNs };
    }
  }

  #keep(host: WatchedAgent): void {
    this.#hosts.set(host.hostId, host);
    if (host.guest && host.guest.uuid !== '') this.#guests.set(host.guest.uuid, host.hostId);
  }
}
