/**
 * What tcewatch needs of Kafka, in words of its own, so that the client library can be replaced: whoever sends or
 * consumes depends on this file, and only `kafkajs/` knows the library. Offsets are 64-bit, so they are bigints.
 */
/** What a caller can do about a failure; the message says what happened, to what, and what to do. */
export type KafkaFailure =
  /** No broker, no leader, a time-out, too few replicas in sync: worth another try. */
  | 'unavailable'
  /** The brokers refuse the credentials or the certificate, or theirs is not trusted: only people can help. */
  | 'authentication'
  /** The credentials are right, and may not do this: an ACL is missing. */
  | 'not-authorised'
  | 'unknown-topic'
  /** One request's records for one partition are larger than the topic takes (`max.message.bytes`). */
  | 'too-large'
  /** The client was closed, or the signal aborted. */
  | 'closed'
  /** The brokers refused the request for another reason, which the message names. */
  | 'refused';

/** The one kind of error that comes out of this workspace once a client is made. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';

  constructor(
    readonly kind: KafkaFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Connects to no broker before it is used, so that a program can start while all of them are down. */
export interface KafkaClient {
  readonly admin: KafkaAdmin;
  producer(): KafkaProducer;
  consumer(options: ConsumerOptions): KafkaConsumer;
  /** Closes all that was made by it. */
  close(): Promise<void>;
}

export interface KafkaRecord {
  /** Records of one key keep their order: they go to one partition. */
  key: string;
  value: Uint8Array;
  headers?: Readonly<Record<string, string>>;
}

/** Idempotent, acknowledged by all replicas in sync, compressed by gzip. */
export interface KafkaProducer {
  /**
   * Resolves when all records are written. Rejects with KafkaError; some may then have been written all the same, and
   * sending all of them again is right. Calls are made one after the other. Once the signal is aborted it rejects with
   * `closed` without waiting for the brokers.
   */
  send(topic: string, records: readonly KafkaRecord[], signal?: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TopicSpec {
  name: string;
  /** The least number of partitions; more is fine. */
  partitions: number;
  /** The least number of replicas. */
  replicationFactor: number;
  /** `retention.ms`, at least; -1 keeps records for ever. */
  retentionMs: number;
  /** `max.message.bytes`, at least. */
  maxMessageBytes: number;
}

/** A topic that is not as it must be. */
export interface TopicProblem {
  topic: string;
  /** What is missing, in one sentence. */
  message: string;
  /** The command that mends it, to be run on a host with Kafka's tools, and what has to be there before. */
  fix: string;
}

export interface KafkaAdmin {
  /**
   * Looks whether each topic is there and as it must be, and first creates those that are not there when `create` says
   * so; it never changes one that is. Gives what is wrong; rejects with KafkaError when it cannot find out.
   */
  ensureTopics(specs: readonly TopicSpec[], create: boolean): Promise<TopicProblem[]>;
  /** Asks how far a whole group has got, by what it has committed. */
  groupLag(group: string, topics: readonly string[]): Promise<PartitionLag[]>;
}

export interface TopicPartition {
  topic: string;
  partition: number;
}

/**
 * One time that a partition is this consumer's, from when it got it until it goes elsewhere. A rebalance in which it
 * stays does not end it, and reading goes on where it was.
 */
export interface Assignment extends TopicPartition {
  /** A number that no other assignment of this consumer has. */
  assignment: number;
}

/** The offset of the next record to read: one more than that of the last one done. */
export interface Position extends Assignment {
  next: bigint;
}

export interface ConsumedRecord {
  offset: bigint;
  /** Milliseconds since 1970, of the producer or the broker, as the topic is configured. */
  timestampMs: number;
  key: Uint8Array | null;
  value: Uint8Array | null;
  /** Headers by name; the last where one is given more than once. */
  headers: Readonly<Record<string, Uint8Array>>;
}

/** Records of one partition in the order of their offsets, at least one; offsets may have gaps. */
export interface ConsumedBatch extends Assignment {
  records: readonly ConsumedRecord[];
  /** The offset to commit when all of the batch is done. */
  next: bigint;
  /** The offset after the partition's last record when this was fetched. */
  highWatermark: bigint;
}

export interface PartitionLag extends TopicPartition {
  /** The next record to read; undefined when nothing is known of it yet. */
  position: bigint | undefined;
  /** The offset after the partition's last record. */
  end: bigint;
  /** Records between the two, or between the first that there is and the end. */
  records: bigint;
}

export interface ConsumerOptions {
  group: string;
  topics: readonly string[];
  /** The place where reading begins in a partition of which the group has committed nothing. */
  from: 'earliest' | 'latest';
  /**
   * Takes a batch over; the next one of its partition comes when it resolves. Resolving is not committing: what is to
   * be done later is committed later. It may take long, since heartbeats go on meanwhile, but back-pressure is better
   * made by resolving at once and pausing. When it rejects, the batch is delivered again after a while. The signal is
   * aborted when the assignment ends.
   */
  onBatch: (batch: ConsumedBatch, signal: AbortSignal) => Promise<void>;
  /** Tells of new partitions, before the first batch of them. */
  onAssigned?: (assigned: readonly Assignment[]) => void;
  /**
   * Tells that partitions are gone: another member reads on from what was committed, commits for them are dropped, and
   * what is still held of them is better thrown away. Called before the first batch of what was assigned instead.
   */
  onRevoked?: (revoked: readonly Assignment[]) => void;
  /** The number of partitions of which batches are given at a time. */
  concurrency?: number;
  /** Most bytes fetched of one partition and of all; a larger record comes alone. */
  maxBytesPerPartition?: number;
  maxBytes?: number;
  /**
   * The time without a heartbeat (30 s) after which the brokers give this member up, and others take its partitions
   * over.
   */
  sessionTimeoutMs?: number;
  /** How long a partition may have records to read and deliver none before the consumer is replaced. */
  stalledAfterMs?: number;
}

export interface ConsumerStats {
  /** Whether the consumer is a member of its group. */
  joined: boolean;
  assigned: readonly Assignment[];
  paused: readonly TopicPartition[];
  /** Times that it joined the group. */
  rebalances: number;
  /** Times that it was replaced, by why: it stalled, or the library gave up. */
  restarts: Readonly<Record<'stalled' | 'crashed', number>>;
  /** Records that retention had deleted before they were read. */
  skipped: bigint;
  /** What keeps it from consuming at the moment. */
  problem: { kind: KafkaFailure; message: string } | undefined;
}

/** A member of a consumer group. Delivers each record at least once. */
export interface KafkaConsumer {
  readonly stats: Readonly<ConsumerStats>;
  /**
   * Begins to join, and returns at once. What goes wrong is logged, tried again for ever, and shown in `stats.problem`.
   */
  start(): void;
  /**
   * Commits these and no others. What belongs to an assignment that has ended is left out, and so is what is behind
   * what was committed before. Rejects with KafkaError when the brokers do not take it; commit again later, or not:
   * what is not committed is delivered again to whoever gets the partition next.
   */
  commit(positions: readonly Position[]): Promise<void>;
  /**
   * Holds back batches of these until they are resumed; ends with the assignment. Those that are not assigned are left
   * out.
   */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** Asks the brokers how far behind this consumer is in the partitions that are assigned to it. */
  lag(): Promise<PartitionLag[]>;
  /**
   * Stops fetching, waits for the batches that `onBatch` has, and leaves the group, so that others take over at once.
   * Commits are taken until then: give `beforeLeave` to make the last ones.
   */
  close(beforeLeave?: () => Promise<void>): Promise<void>;
}
