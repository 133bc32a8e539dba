/**
 * Batches from Kafka: a member of the collectors' consumer group. An offset is committed when ClickHouse has all before
 * it, so that whoever gets the partition next reads again what may not be stored: that changes nothing.
 *
 *     consumer (workspace kafka)  >  intake  >  partition worker, one for each assignment  >  pipeline > ClickHouse
 *                                               |  decode: a batch, or a reason why not
 *                                               +  dead letters  >  dead-letter topic  >  `redrive`  >  back to the start
 *
 * Who writes and who reads:
 * - the intake owns the workers, the bytes that all of them hold, and which partitions are paused for that: past
 *   `maxInFlight` the partition that went past it is paused, and at half of it all go on;
 * - a worker owns what it holds, and is the only one that commits its partition;
 * - an assignment has a number. A partition that is lost and comes back is another assignment with another worker, so what
 *   the old one still does cannot commit for the new one;
 * - before the first record after an assignment is taken, `beforeTaking` has restored the alerts of hosts that another
 *   collector watched until then; when it is revoked, `onHostsGone` names the hosts that were read of it.
 */
import type {
  Assignment,
  ConsumerOptions,
  KafkaConsumer,
  KafkaProducer,
  PartitionLag,
  TopicPartition,
} from '@tcewatch/kafka';
import { DEFAULT_LIMITS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { BaseLogger } from 'pino';
import type { ErrorCode } from '../../errors.js';
import { DeadLetters } from './dead-letters.js';
import { PartitionWorker } from './partition-worker.js';
import type { DecodedRecord } from './decode.js';
import { decodeRecords } from './decode.js';

export interface KafkaIntakeOptions {
  /** Makes the consumer; `onBatch` and the like are the intake's. */
  consumer: (options: Pick<ConsumerOptions, 'onBatch' | 'onAssigned' | 'onRevoked'>) => KafkaConsumer;
  producer: KafkaProducer;
  deadLetterTopic: string;
  /** Throws BatchError for a batch that is well formed but can never be stored. */
  check: (batch: Batch) => void;
  /** Makes all of the batches durable. */
  accept: (batches: readonly Batch[]) => Promise<void>;
  /** Called when this collector begins to read partitions, and waited for before it takes their records. */
  beforeTaking: () => Promise<void>;
  /** Called with the hosts that another collector reads from now on. */
  onHostsGone: (hosts: ReadonlySet<string>) => void;
  /** Bytes of one batch. */
  maxBytes: number;
  /** Bytes that may be held of all partitions; one that would add more is paused. */
  maxInFlight: number;
  backoff: { firstMs: number; longestMs: number };
  count: {
    accepted: (batches: number) => void;
    deadLetter: (reason: ErrorCode) => void;
  };
  log: BaseLogger;
}

/** State of the intake, for metrics. */
export interface KafkaIntakeState {
  bytes: number;
  consumer: KafkaConsumer['stats'];
  lag: () => Promise<PartitionLag[]>;
}

export class KafkaIntake {
  readonly #options: KafkaIntakeOptions;
  readonly #consumer: KafkaConsumer;
  readonly #deadLetters: DeadLetters;
  readonly #workers = new Map<number, PartitionWorker>();
  /** Hosts of each assignment, by what was read of it. */
  readonly #hosts = new Map<number, Set<string>>();
  readonly #paused = new Map<string, TopicPartition>();
  /** Preparation since partitions were last assigned. */
  #prepared: Promise<void> | undefined;
  #bytes = 0;

  constructor(options: KafkaIntakeOptions) {
    const { consumer, producer, deadLetterTopic, log, count } = options;
    this.#options = options;
    this.#deadLetters = new DeadLetters({ producer, topic: deadLetterTopic, log, count: count.deadLetter });
    this.#consumer = consumer({
      onBatch: async (batch, signal) => {
        await (this.#prepared ??= this.#prepare());
        if (signal.aborted) return;
        const worker = this.#worker(batch);
        worker.push(batch);
        this.#bytes += batch.records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
        if (this.#bytes > options.maxInFlight) this.#pause(batch);
      },
      onAssigned: () => {
        this.#prepared = undefined;
      },
      onRevoked: (revoked) => {
        for (const { assignment } of revoked) void this.#endWorker(assignment);
      },
    });
  }

  get state(): KafkaIntakeState {
    return { bytes: this.#bytes, consumer: this.#consumer.stats, lag: () => this.#consumer.lag() };
  }

  /** Resolves at once; what is in the way of consuming is logged and shown in `state`. */
  start(): void {
    this.#consumer.start();
  }

  /** Finishes and commits what is under way, and leaves the group. */
  async close(): Promise<void> {
    await this.#consumer.close(async () => {
      await Promise.all([...this.#workers.values()].map((worker) => worker.end()));
    });
  }

  async #prepare(): Promise<void> {
    try {
      await this.#options.beforeTaking();
    } catch (error) {
      // The batch that waited for it is delivered again, and tries anew.
      this.#prepared = undefined;
      throw error;
    }
  }

  #worker(of: Assignment): PartitionWorker {
    const known = this.#workers.get(of.assignment);
    if (known) return known;
    const { accept, check, maxBytes, backoff, log, count } = this.#options;
    const { topic, partition, assignment } = of;
    const limits = { ...DEFAULT_LIMITS, bytes: maxBytes };
    const hosts = new Set<string>();
    const worker = new PartitionWorker(
      { topic, partition, assignment },
      {
        decode: (records) => decodeRecords(records, limits, check),
        accept,
        deadLetters: this.#deadLetters,
        commit: (position) => this.#consumer.commit([position]),
        done: (bytes, decoded) => {
          this.#release(bytes);
          count.accepted(decoded.length);
          note(hosts, decoded);
        },
        backoff,
        log,
      },
    );
    this.#workers.set(assignment, worker);
    this.#hosts.set(assignment, hosts);
    return worker;
  }

  /**
   * Ends the worker of a partition that is another's now. What is held of it is thrown away, since the other reads it
   * again.
   */
  async #endWorker(assignment: number): Promise<void> {
    const worker = this.#workers.get(assignment);
    if (!worker) return;
    this.#workers.delete(assignment);
    const hosts = this.#hosts.get(assignment) ?? new Set();
    this.#hosts.delete(assignment);
    this.#paused.delete(keyOf(worker.assignment));
    this.#release(await worker.end());
    this.#options.onHostsGone(hosts);
  }

  #pause(partition: TopicPartition): void {
    this.#paused.set(keyOf(partition), { topic: partition.topic, partition: partition.partition });
    this.#consumer.pause([partition]);
  }

  /** Lets go of bytes. Paused partitions go on once half of what may be held is left, while more is fetched. */
  #release(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#paused.size === 0 || this.#bytes > this.#options.maxInFlight / 2) return;
    const paused = [...this.#paused.values()];
    this.#paused.clear();
    this.#consumer.resume(paused);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`;
}

function note(hosts: Set<string>, decoded: readonly DecodedRecord[]): void {
  for (const { batch } of decoded) hosts.add(batch.host.id);
}
