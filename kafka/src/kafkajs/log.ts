/**
 * The library's log lines as ours. What fails is reported by whoever asked for it, so most of its lines are for
 * debugging.
 */
import { logLevel } from 'kafkajs';
import type { LogEntry, logCreator } from 'kafkajs';
import type { Logger } from 'pino';

/**
 * What belongs to the life of a cluster and is tried again, or comes to the caller as a KafkaError: brokers that come
 * and go, rebalances, and a new broker whose coordinators are loading.
 */
const NO_ERRORS = [
  /coordinator/i,
  /rebalanc/i,
  /^(Connection|Response|Crash|Failed to (connect|send)|Restarting|\[?KafkaJS)/i,
  /^SASL .* failed/,
  /^Caught error when disconnecting/,
];

/** The level at which the library need not even make its lines. */
export function libraryLevel(log: Logger): logLevel {
  if (log.isLevelEnabled('trace')) return logLevel.DEBUG;
  return log.isLevelEnabled('debug') ? logLevel.INFO : logLevel.ERROR;
}

/**
 * Writes no more than the message, the error and where it was; at debug level the library's own stacks are of no use.
 */
export function logTo(log: Logger): logCreator {
  const from = log.child({ library: 'kafkajs' });
  return () => (entry) => {
    const { message, error, broker, groupId, topic, partition } = entry.log;
    const about = {
      namespace: entry.namespace,
      broker: broker as unknown,
      groupId: groupId as unknown,
      topic: topic as unknown,
    };
    from[levelOf(entry)]({ ...about, partition: partition as unknown, error: text(error) }, message);
  };
}

function levelOf({ level, log }: LogEntry): 'warn' | 'debug' | 'trace' {
  if (level === logLevel.DEBUG) return 'trace';
  return level === logLevel.ERROR && !NO_ERRORS.some((pattern) => pattern.test(log.message)) ? 'warn' : 'debug';
}

function text(error: unknown): string | undefined {
  if (error instanceof Error) return error.message;
  return typeof error === 'string' ? error : undefined;
}
