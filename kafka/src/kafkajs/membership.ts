/**
 * One life of the library's consumer, from joining the group to whatever ends it; it never restarts itself. Positions
 * and commits are kept by {@link Assignments}, since the library goes back to what was committed at each rebalance, and
 * says that it has committed when it has not.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch, Consumer, ConsumerGroupJoinEvent, EachBatchPayload, IHeaders } from 'kafkajs';
import type { Logger } from 'pino';
import type { Assignments, Change, Held } from '../assignments.js';
import type { KafkaSettings } from '../settings.js';
import type { Assignment, ConsumedBatch, ConsumedRecord, ConsumerOptions, TopicPartition } from '../types.js';
import { isRebalance } from './errors.js';
import { RETRY, openSession } from './session.js';
import type { Session } from './session.js';

export interface MembershipOptions {
  settings: KafkaSettings;
  consumer: ConsumerOptions;
  assignments: Assignments;
  log: Logger;
  onJoined: (change: Change) => void;
  /** Tells that the library has given up. */
  onCrashed: (error: unknown) => void;
  /** Tells how many records are gone that were never read. */
  onSkipped: (held: Held, records: bigint) => void;
  /** Fills in where reading begins in new assignments; never rejects. */
  locate: (gained: readonly Held[]) => Promise<void>;
}

const SESSION_TIMEOUT_MS = 30_000;
/** Heartbeats within the session's time-out. */
const HEARTBEATS = 10;
/** How long a rebalance waits for the batches that members are taking over. */
export const REBALANCE_TIMEOUT_MS = 60_000;
/**
 * The longest that a fetch waits: how soon a partition that is resumed is read again, and how often a consumer without
 * work wakes up.
 */
const MAX_WAIT_MS = 500;
/** The pause before a batch that was not taken is delivered again. */
const REDELIVERY_MS = 1000;
const LONGEST_FAREWELL_MS = 10_000;

export class Membership {
  readonly #options: MembershipOptions;
  readonly #session: Session;
  readonly #consumer: Consumer;
  readonly #heartbeatMs: number;
  #located: Promise<void> = Promise.resolve();
  #memberId: string | undefined;
  #over = false;

  constructor(options: MembershipOptions) {
    const { settings, consumer, log } = options;
    this.#options = options;
    this.#session = openSession(settings, log);
    const sessionTimeout = consumer.sessionTimeoutMs ?? SESSION_TIMEOUT_MS;
    this.#heartbeatMs = Math.round(sessionTimeout / HEARTBEATS);
    this.#consumer = this.#session.kafka.consumer({
      groupId: consumer.group,
      sessionTimeout,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: this.#heartbeatMs,
      maxWaitTimeInMs: MAX_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
      ...(consumer.maxBytesPerPartition !== undefined && { maxBytesPerPartition: consumer.maxBytesPerPartition }),
      ...(consumer.maxBytes !== undefined && { maxBytes: consumer.maxBytes }),
    });
    this.#listen();
  }

  /** Begins to join. Rejects when it cannot even begin; failures after that come to `onCrashed`. */
  async start(): Promise<void> {
    const { topics, from, concurrency } = this.#options.consumer;
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency ?? 1,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  /** Resolves when the brokers have taken it, or the generation has ended; `assignments` knows which. */
  async commit(held: readonly Held[]): Promise<void> {
    if (this.#over || held.length === 0) return;
    const offsets = held.map(({ topic, partition, wanted }) => ({ topic, partition, offset: String(wanted) }));
    await this.#consumer.commitOffsets(offsets).catch((error: unknown) => {
      if (!isRebalance(error)) throw error;
    });
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#steer(() => {
      this.#consumer.pause(byTopic(partitions));
    });
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#steer(() => {
      this.#consumer.resume(byTopic(partitions));
    });
  }

  /**
   * Leaves the group where the brokers can be reached, by new connections where those that there are may be stuck, and
   * ends all of them.
   */
  async end({ stuck }: { stuck: boolean }): Promise<void> {
    this.#over = true;
    if (stuck) this.#session.reset();
    const farewell = this.#consumer.disconnect().catch(() => undefined);
    await Promise.race([farewell, sleep(LONGEST_FAREWELL_MS, undefined, { ref: false })]);
    this.#session.end();
  }

  #listen(): void {
    const { events } = this.#consumer;
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => {
      if (!this.#over) this.#joined(payload);
    });
    this.#consumer.on(events.CRASH, ({ payload }) => {
      if (!this.#over) this.#options.onCrashed(payload.error);
    });
    this.#consumer.on(events.END_BATCH_PROCESS, ({ payload: { batchSize, lastOffset, ...of } }) => {
      if (batchSize === 0) this.#passed(of, BigInt(lastOffset) + 1n);
    });
    this.#consumer.on(events.COMMIT_OFFSETS, ({ payload }) => {
      for (const { topic, partitions } of payload.topics) {
        for (const { partition, offset } of partitions) {
          this.#options.assignments.committed({ topic, partition }, BigInt(offset));
        }
      }
    });
  }

  /** Moves the position over marks of transactions, which the library passes over by itself. */
  #passed(of: TopicPartition, next: bigint): void {
    const held = this.#options.assignments.get(of);
    if (held?.position !== undefined && next > held.position) held.position = next;
  }

  /** Takes over what a rebalance has assigned, before anything is fetched in the new generation. */
  #joined({ memberId, memberAssignment }: ConsumerGroupJoinEvent['payload']): void {
    const { assignments, onJoined, locate } = this.#options;
    const assigned = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    // A member with a new name had left the group for a while: others may have had its partitions.
    const left = memberId !== this.#memberId ? assignments.replace([]).lost : [];
    this.#memberId = memberId;
    const change = assignments.replace(assigned);
    const lost = [...left, ...change.lost];
    if (lost.length > 0) this.#consumer.resume(byTopic(lost));
    for (const held of change.kept) this.#seek(held);
    this.#located = locate(change.gained);
    onJoined({ ...change, lost });
  }

  /**
   * The library throws while it has no group, as after a crash that it has not told yet. Nothing is lost by passing
   * over that: `assignments` knows what is paused.
   */
  #steer(action: () => void): void {
    if (this.#memberId === undefined || this.#over) return;
    try {
      action();
    } catch (error) {
      this.#options.log.debug({ err: error }, 'the library has no group to pause or resume');
    }
  }

  /** Goes on at the position: the library would go back to what was committed. */
  #seek({ topic, partition, position }: Held): void {
    if (position !== undefined) this.#consumer.seek({ topic, partition, offset: String(position) });
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    await this.#located;
    const held = this.#options.assignments.get(payload.batch);
    // What is not taken over is fetched again, by whoever has the partition then.
    if (!held || held.paused || this.#over || !payload.isRunning() || payload.isStale()) return;
    const batch = consumedBatch(payload.batch, held);
    if (!batch) return;
    const first = batch.records[0]?.offset ?? batch.next;
    if (held.position !== undefined && first > held.position) this.#options.onSkipped(held, first - held.position);
    const { taken, heartbeatFailure } = await this.#deliver(batch, held, payload);
    if (taken && this.#options.assignments.current(batch) === held && !payload.isStale()) {
      held.position = batch.next;
      payload.resolveOffset(payload.batch.lastOffset());
    }
    // It asks for a rebalance, for instance, which the library is to see.
    if (heartbeatFailure) throw heartbeatFailure;
  }

  /** Gives the batch to the program; heartbeats go on meanwhile. */
  async #deliver(batch: ConsumedBatch, held: Held, payload: EachBatchPayload) {
    let heartbeatFailure: Error | undefined;
    const beat = setInterval(() => {
      payload.heartbeat().catch((error: unknown) => (heartbeatFailure = error as Error));
    }, this.#heartbeatMs);
    held.busy = true;
    const taken = await this.#taken(batch, held);
    clearInterval(beat);
    held.busy = false;
    this.#options.assignments.progressed(held);
    return { taken, heartbeatFailure };
  }

  /** Resolves to whether the program took the batch over; never rejects. */
  async #taken(batch: ConsumedBatch, held: Held): Promise<boolean> {
    const { consumer, log } = this.#options;
    try {
      await consumer.onBatch(batch, held.ended.signal);
      return true;
    } catch (error) {
      if (held.ended.signal.aborted) return false;
      const { topic, partition } = batch;
      log.error({ err: error, topic, partition }, 'a batch was not taken over and is delivered again');
      await sleep(REDELIVERY_MS, undefined, { signal: held.ended.signal }).catch(() => undefined);
      return false;
    }
  }
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }));
}

/** Gives the library's batch as ours; undefined when there is no record in it. */
function consumedBatch(batch: Batch, { topic, partition, assignment }: Assignment): ConsumedBatch | undefined {
  if (batch.messages.length === 0) return undefined;
  const records = batch.messages.map(({ offset, timestamp, key, value, headers }): ConsumedRecord => ({
    offset: BigInt(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: headersOf(headers),
  }));
  const next = BigInt(batch.lastOffset()) + 1n;
  return { topic, partition, assignment, records, next, highWatermark: BigInt(batch.highWatermark) };
}

function headersOf(headers: IHeaders = {}): Record<string, Uint8Array> {
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const last = Array.isArray(value) ? value.at(-1) : value;
    return last === undefined ? [] : [[name, typeof last === 'string' ? Buffer.from(last) : last] as const];
  });
  return Object.fromEntries(entries);
}
