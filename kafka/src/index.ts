/**
 * Kafka for agent and collector. `types.ts` says what they need of it; only `kafkajs/` knows the library.
 *
 * Who holds what:
 *
 *     KafkaClient          makes the others, and closes them
 *     ├─ KafkaProducer     one producer of the library, thrown away after each failure (Lazy)
 *     ├─ KafkaAdmin        one admin client of the library, likewise
 *     └─ KafkaConsumer     the wish to be in a group, for as long as the program has it
 *        ├─ Membership     one consumer of the library, which is the member: it sends heartbeats and rebalances
 *        └─ Assignments    where each partition stands; a rebalance that leaves it here changes nothing
 *
 * A Membership lasts from joining until the library gives up, the watchdog finds that nothing moves though there are
 * records, or the consumer is closed. It never begins again by itself: KafkaConsumer waits, longer after each failure,
 * and makes another one.
 *
 * States of a partition:
 *
 *     elsewhere ──gained──> idle ──batch──> busy (onBatch has it) ──resolved──> idle, position moves on
 *                                                                 ──rejected──> idle, the batch comes again
 *     idle or busy <──pause, resume──> paused
 *     any of them ──lost in a rebalance, or the Membership ends──> elsewhere
 *
 * Each has three numbers, `committed` <= `wanted` <= `position`: what the brokers have acknowledged, what the program
 * asked to commit, and the next record to read. One that stays through a rebalance goes on at `position`, to which the
 * library is told to seek, since it would go back to what is committed. One that is lost loses its numbers, its signal
 * is aborted, and commits for it are dropped: whoever has it next begins at `committed`, so what lies between is
 * delivered twice and never lost.
 *
 * What is committed when: what the program asked for by `commit`, at once, one request after the other, and never by a
 * timer; the collector asks when ClickHouse has the rows. A commit that a rebalance cut short is no error: it stays
 * wanted, and the watchdog's next check sends it again. On `close` the last ones go out after `beforeLeave` and before
 * the member leaves.
 */
import type { Logger } from 'pino';
import type { KafkaSettings } from './settings.js';
import type { KafkaClient } from './types.js';

export * from './settings.js';
export * from './types.js';

/**
 * Makes a client. The library is loaded here, so that a program without Kafka does not carry it. No broker is needed
 * yet.
 */
export async function connect(settings: KafkaSettings, { log }: { log: Logger }): Promise<KafkaClient> {
  const { KafkajsClient } = await import('./kafkajs/client.js');
  return new KafkajsClient(settings, log);
}
