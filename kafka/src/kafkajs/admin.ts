/** Looks after topics, and how far groups have got. */
// Node finds few names in this CommonJS module, and the others in its default export alone.
import kafkajs from 'kafkajs';
import type { Admin } from 'kafkajs';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import { judgeTopic, missingTopic, topicConfig } from '../topics.js';
import type { TopicState } from '../topics.js';
import type { KafkaAdmin, PartitionLag, TopicProblem, TopicSpec } from '../types.js';
import { isLoading, toKafkaError } from './errors.js';
import { Lazy } from './lazy.js';
import { RETRY } from './session.js';

/** The extent of a partition: from `low`, the first offset that there is, to before `end`. */
export interface PartitionExtent {
  partition: number;
  low: bigint;
  end: bigint;
}

export class KafkajsAdmin implements KafkaAdmin {
  readonly #lazy: Lazy<Admin>;
  readonly #brokers: string;
  readonly #log: Logger;

  constructor(settings: KafkaSettings, log: Logger) {
    this.#lazy = new Lazy(settings, log, (kafka) => kafka.admin());
    this.#brokers = settings.brokers.join(',');
    this.#log = log;
  }

  ensureTopics(specs: readonly TopicSpec[], create: boolean): Promise<TopicProblem[]> {
    return this.#lazy.use('cannot check the topics', async (admin) => {
      const there = new Set(await admin.listTopics());
      const problems: TopicProblem[] = [];
      for (const spec of specs) {
        const missing = there.has(spec.name) ? undefined : await this.#create(admin, spec, create);
        problems.push(...(missing ?? (await patiently(() => this.#check(admin, spec), isUnheardOf))));
      }
      return problems;
    });
  }

  groupLag(group: string, topics: readonly string[]): Promise<PartitionLag[]> {
    return this.#lazy.use(`cannot find out the lag of the group ${group}`, async (admin) => {
      const lags: PartitionLag[] = [];
      for (const { topic, partitions } of await offsetsOf(admin, group, topics)) {
        const committed = new Map(partitions.map(({ partition, offset }) => [partition, BigInt(offset)]));
        for (const extent of await this.#extents(admin, topic)) {
          const offset = committed.get(extent.partition) ?? -1n;
          lags.push(lagOf(topic, extent, offset < 0n ? undefined : offset));
        }
      }
      return lags;
    });
  }

  /** Finds the offsets that a group has committed, by partition; those without are left out. */
  committed(group: string, topic: string, signal?: AbortSignal): Promise<Map<number, bigint>> {
    const committed = async (admin: Admin) => {
      const [found] = await offsetsOf(admin, group, [topic]);
      const offsets = (found?.partitions ?? []).map(({ partition, offset }) => [partition, BigInt(offset)] as const);
      return new Map(offsets.filter(([, offset]) => offset >= 0n));
    };
    return this.#lazy.use(`cannot find out what the group ${group} has committed`, committed, signal);
  }

  extents(topic: string, signal?: AbortSignal): Promise<PartitionExtent[]> {
    const extents = (admin: Admin) => this.#extents(admin, topic);
    return this.#lazy.use(`cannot find out the end of the topic ${topic}`, extents, signal);
  }

  close(): Promise<void> {
    return this.#lazy.close();
  }

  async #extents(admin: Admin, topic: string): Promise<PartitionExtent[]> {
    const offsets = await admin.fetchTopicOffsets(topic);
    return offsets.map(({ partition, low, high }) => ({ partition, low: BigInt(low), end: BigInt(high) }));
  }

  /** Creates a topic; gives what is wrong when it is not there afterwards. */
  async #create(admin: Admin, spec: TopicSpec, create: boolean): Promise<TopicProblem[] | undefined> {
    const missing = (why: string) => [missingTopic(spec, why, this.#brokers)];
    if (!create) return missing('is not there, or this user may not describe it');
    const { name: topic, partitions: numPartitions, replicationFactor } = spec;
    const configEntries = Object.entries(topicConfig(spec)).map(([name, value]) => ({ name, value }));
    try {
      // False when it is there by now. The library would wait for leaders by asking a broker that may not have heard of it.
      const created = await admin.createTopics({
        topics: [{ topic, numPartitions, replicationFactor, configEntries }],
        waitForLeaders: false,
      });
      if (created) this.#log.info({ topic, partitions: numPartitions, replicationFactor }, 'topic created');
      return undefined;
    } catch (error) {
      const failure = toKafkaError(error, 'cannot be created');
      if (failure.kind === 'unavailable' || failure.kind === 'authentication') throw failure;
      return missing(failure.message);
    }
  }

  async #check(admin: Admin, spec: TopicSpec): Promise<TopicProblem[]> {
    const { topics } = await admin.fetchTopicMetadata({ topics: [spec.name] });
    const partitions = topics[0]?.partitions ?? [];
    const replicas = partitions.map((partition) => partition.replicas.length);
    const config = await this.#config(admin, spec.name);
    const state: TopicState = {
      partitions: partitions.length,
      replicationFactor: Math.min(...replicas),
      retentionMs: config.get('retention.ms'),
      maxMessageBytes: config.get('max.message.bytes'),
    };
    return judgeTopic(spec, state, this.#brokers);
  }

  /** Reads the configuration of a topic; empty where the client may not see it. */
  async #config(admin: Admin, topic: string): Promise<ReadonlyMap<string, number>> {
    try {
      const resource = {
        type: kafkajs.ConfigResourceTypes.TOPIC,
        name: topic,
        configNames: ['retention.ms', 'max.message.bytes'],
      };
      const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
      const entries = resources[0]?.configEntries ?? [];
      return new Map(entries.map(({ configName, configValue }) => [configName, Number(configValue)]));
    } catch (error) {
      const failure = toKafkaError(error, `cannot see the configuration of the topic ${topic}`);
      if (failure.kind !== 'not-authorised') throw failure;
      this.#log.info({ topic }, `${failure.message}: its retention and largest message are not checked`);
      return new Map();
    }
  }
}

/**
 * Measures how far behind a reader is. `position` is the next offset to read; without one, reading begins with what
 * there is.
 */
export function lagOf(
  topic: string,
  { partition, low, end }: PartitionExtent,
  position: bigint | undefined,
): PartitionLag {
  const from = position !== undefined && position > low ? position : low;
  return { topic, partition, position, end, records: end > from ? end - from : 0n };
}

/**
 * Asks what a group has committed. The library gives up where a coordinator has only begun its work, as on a new
 * broker.
 */
function offsetsOf(admin: Admin, groupId: string, topics: readonly string[]) {
  return patiently(() => admin.fetchOffsets({ groupId, topics: [...topics] }), isLoading);
}

/** Tries again what fails for a passing reason that the library takes for the last word. */
function patiently<T>(work: () => Promise<T>, isPassing: (error: unknown) => boolean): Promise<T> {
  return pRetry(work, {
    retries: RETRY.retries,
    minTimeout: RETRY.initialRetryTime,
    maxTimeout: RETRY.maxRetryTime,
    shouldRetry: ({ error }) => isPassing(error),
  });
}

/** Tells whether a topic is unknown: one that was created a moment ago is not yet known to all brokers. */
function isUnheardOf(error: unknown): boolean {
  return toKafkaError(error, '').kind === 'unknown-topic';
}
