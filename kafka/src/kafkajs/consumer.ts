/**
 * A member of a consumer group for as long as it is wanted: makes a {@link Membership}, and another one when the
 * library gives up or, as it is known to, goes on without consuming.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Assignments, assignmentOf, stall } from '../assignments.js';
import type { Change, Held } from '../assignments.js';
import type { KafkaSettings } from '../settings.js';
import type {
  ConsumerOptions,
  ConsumerStats,
  KafkaConsumer,
  PartitionLag,
  Position,
  TopicPartition,
} from '../types.js';
import { lagOf } from './admin.js';
import type { KafkajsAdmin, PartitionExtent } from './admin.js';
import { isLoading, toKafkaError } from './errors.js';
import { Membership, REBALANCE_TIMEOUT_MS } from './membership.js';

const STALLED_AFTER_MS = 60_000;
/** The number of times that the watchdog checks within that time. */
const CHECKS = 4;
const BACKOFF = { firstMs: 500, longestMs: 30_000 };
/** Failures in a row that a loading coordinator may cause before it is a trouble. */
const PATIENCE = 4;
const POLL_MS = 20;

type Restart = keyof ConsumerStats['restarts'];

export class KafkajsConsumer implements KafkaConsumer {
  readonly #settings: KafkaSettings;
  readonly #options: ConsumerOptions;
  readonly #admin: KafkajsAdmin;
  readonly #log: Logger;
  readonly #assignments = new Assignments(() => performance.now());
  readonly #closing = new AbortController();
  readonly #restarts: Record<Restart, number> = { stalled: 0, crashed: 0 };
  #membership: Membership | undefined;
  #running: Promise<void> | undefined;
  #committing: Promise<unknown> = Promise.resolve();
  #waitsSinceMs: number | undefined;
  #rebalances = 0;
  #failures = 0;
  #skipped = 0n;
  #problem: ConsumerStats['problem'];
  /** The problem that the log tells of. */
  #told: string | undefined;

  constructor(settings: KafkaSettings, options: ConsumerOptions, admin: KafkajsAdmin, log: Logger) {
    this.#settings = settings;
    this.#options = options;
    this.#admin = admin;
    this.#log = log.child({ group: options.group });
  }

  get stats(): ConsumerStats {
    const held = this.#assignments.all();
    return {
      joined: this.#membership !== undefined && this.#waitsSinceMs === undefined,
      assigned: held.map(assignmentOf),
      paused: held.filter(({ paused }) => paused).map(assignmentOf),
      rebalances: this.#rebalances,
      restarts: { ...this.#restarts },
      skipped: this.#skipped,
      problem: this.#problem,
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#assignments.want(positions);
    await this.#flush();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#membership?.pause(partitions.filter((one) => this.#assignments.pause(one)));
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#membership?.resume(partitions.filter((one) => this.#assignments.resume(one)));
  }

  async lag(): Promise<PartitionLag[]> {
    const extents = await this.#extents();
    return this.#assignments.all().flatMap((held) => {
      const extent = extents.get(held.topic)?.find(({ partition }) => partition === held.partition);
      return extent ? [lagOf(held.topic, extent, held.position)] : [];
    });
  }

  async close(beforeLeave?: () => Promise<void>): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.pause(this.#assignments.all());
      while (this.#assignments.all().some(({ busy }) => busy)) await sleep(POLL_MS);
      await beforeLeave?.();
      await this.#flush().catch((error: unknown) => {
        this.#log.warn({ err: error }, 'leaving without the last commits: what they cover is delivered again');
      });
      this.#closing.abort();
    }
    await this.#running;
  }

  /**
   * The time between two checks of the watchdog, and how long one may take: the brokers may be out of reach, or seem to
   * be.
   */
  get #checkMs(): number {
    return (this.#options.stalledAfterMs ?? STALLED_AFTER_MS) / CHECKS;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      const why = await this.#live();
      if (why === undefined) break;
      this.#restarts[why]++;
      const delayMs = Math.min(BACKOFF.firstMs * 2 ** this.#failures++, BACKOFF.longestMs);
      await sleep(delayMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }

  /** Lives through one membership; gives why there must be another, or undefined when this one was closed. */
  async #live(): Promise<Restart | undefined> {
    this.#waitsSinceMs = performance.now();
    const over = new AbortController();
    const crashed = new Promise<Restart>((resolve) => {
      this.#membership = this.#member((error) => {
        this.#report(error);
        resolve('crashed');
      });
      this.#membership.start().catch((error: unknown) => {
        this.#report(error);
        resolve('crashed');
      });
    });
    const closed = new Promise<undefined>((resolve) => {
      const { signal } = this.#closing;
      if (signal.aborted) resolve(undefined);
      signal.addEventListener(
        'abort',
        () => {
          resolve(undefined);
        },
        { once: true, signal: over.signal },
      );
    });
    const why = await Promise.race([crashed, this.#watch(over.signal), closed]);
    over.abort();
    await this.#end(why !== undefined);
    return why;
  }

  async #end(stuck: boolean): Promise<void> {
    await this.#membership?.end({ stuck });
    this.#membership = undefined;
    const { lost } = this.#assignments.replace([]);
    if (lost.length > 0) this.#options.onRevoked?.(lost.map(assignmentOf));
  }

  #member(onCrashed: (error: unknown) => void): Membership {
    return new Membership({
      settings: this.#settings,
      consumer: this.#options,
      assignments: this.#assignments,
      log: this.#log,
      onJoined: (change) => {
        this.#joined(change);
      },
      onCrashed,
      onSkipped: (held, records) => {
        this.#skippedOver(held, records);
      },
      locate: (gained) => this.#locate(gained),
    });
  }

  #joined({ gained, lost, kept }: Change): void {
    this.#waitsSinceMs = undefined;
    this.#rebalances++;
    this.#failures = 0;
    if (this.#told !== undefined) this.#log.info('consuming again');
    this.#told = undefined;
    this.#problem = undefined;
    this.#log.info({ gained: gained.length, lost: lost.length, kept: kept.length }, 'joined the group');
    if (lost.length > 0) this.#options.onRevoked?.(lost.map(assignmentOf));
    if (gained.length > 0) this.#options.onAssigned?.(gained.map(assignmentOf));
  }

  /** Says each trouble once, and again only when it is another; of a coordinator that is loading only if that lasts. */
  #report(error: unknown): void {
    const { kind, message } = toKafkaError(error, 'cannot consume');
    const passing = isLoading(error) && this.#failures < PATIENCE;
    if (!passing && this.#told !== message) this.#log.warn(`${message}; it is tried again`);
    if (!passing) this.#told = message;
    this.#problem = { kind, message };
    this.#waitsSinceMs ??= performance.now();
  }

  #skippedOver({ topic, partition }: Held, records: bigint): void {
    this.#skipped += records;
    const about = { topic, partition, records: String(records) };
    this.#log.error(about, 'records were deleted before they were read: the topic keeps them for too short a time');
  }

  /** Finds where the library will begin in new partitions: at what is committed, where there is something. */
  async #locate(gained: readonly Held[]): Promise<void> {
    for (const topic of new Set(gained.map((held) => held.topic))) {
      const signal = AbortSignal.timeout(this.#checkMs);
      const committed = await this.#admin
        .committed(this.#options.group, topic, signal)
        .catch(() => new Map<number, bigint>());
      for (const held of gained) if (held.topic === topic) held.position ??= committed.get(held.partition);
    }
  }

  /** Commits what is wanted, one request after the other. */
  #flush(): Promise<void> {
    const turn = this.#committing.then(async () => {
      try {
        await this.#membership?.commit(this.#assignments.uncommitted());
      } catch (error) {
        throw toKafkaError(error, 'cannot commit');
      }
    });
    this.#committing = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves with `stalled` when the consumer is, never else; also makes up for commits that a rebalance cut short. */
  async #watch(over: AbortSignal): Promise<'stalled'> {
    for (;;) {
      await sleep(this.#checkMs, undefined, { signal: over }).catch(() => new Promise<never>(() => undefined));
      this.#flush().catch((error: unknown) => {
        this.#log.debug({ err: error }, 'commits are tried again');
      });
      const problem = await this.#check();
      if (problem === undefined || over.aborted) continue;
      this.#log.warn(`the consumer stands still (${problem}); it is replaced`);
      return 'stalled';
    }
  }

  async #check(): Promise<string | undefined> {
    const extents = await this.#extents(AbortSignal.timeout(this.#checkMs)).catch(
      () => new Map<string, PartitionExtent[]>(),
    );
    const hasMore = (held: Held): boolean | undefined => {
      const extent = extents.get(held.topic)?.find(({ partition }) => partition === held.partition);
      if (!extent || (held.position === undefined && this.#options.from === 'latest')) return undefined;
      return lagOf(held.topic, extent, held.position).records > 0n;
    };
    const held = this.#assignments.all();
    for (const one of held) if (hasMore(one) === false) this.#assignments.progressed(one);
    const nowMs = performance.now();
    const stalledAfterMs = this.#checkMs * CHECKS;
    const joinWithinMs = stalledAfterMs + REBALANCE_TIMEOUT_MS;
    return stall({ nowMs, stalledAfterMs, joinWithinMs, waitsSinceMs: this.#waitsSinceMs, held, hasMore });
  }

  async #extents(signal?: AbortSignal): Promise<Map<string, PartitionExtent[]>> {
    const topics = [...new Set(this.#assignments.all().map(({ topic }) => topic))];
    return new Map(
      await Promise.all(topics.map(async (topic) => [topic, await this.#admin.extents(topic, signal)] as const)),
    );
  }
}
