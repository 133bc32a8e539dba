/** Hands events to the notifiers: each has a bounded queue of its own, keeps the order, and tries again when it fails. */
import pRetry from 'p-retry';
import type { Options as RetryOptions } from 'p-retry';
import type { BaseLogger } from 'pino';
import type { AlertEvent, Notifier } from '../model.js';

export type NotifyOutcome = 'sent' | 'retried' | 'failed' | 'dropped';

export interface DispatcherOptions {
  log: BaseLogger;
  count: (notifier: string, outcome: NotifyOutcome) => void;
  /** Events that may wait for one notifier; past it the oldest is dropped, and counted. */
  limit?: number;
  retry?: Pick<RetryOptions, 'retries' | 'minTimeout' | 'maxTimeout'>;
}

export interface Dispatcher {
  /** Never waits and never throws. */
  dispatch(event: AlertEvent): void;
  /** Gives what waits until the signal to be sent, then lets go of it. */
  close(signal: AbortSignal): Promise<void>;
}

/** About ten minutes of trying. */
const RETRY = { retries: 15, minTimeout: 1000, maxTimeout: 60_000 };

export function createDispatcher(notifiers: readonly Notifier[], options: DispatcherOptions): Dispatcher {
  const stop = new AbortController();
  const queues = notifiers.map((notifier) => createQueue(notifier, stop.signal, options));
  return {
    dispatch(event) {
      for (const queue of queues) queue.push(event);
    },
    async close(signal) {
      signal.addEventListener('abort', () => {
        stop.abort();
      });
      if (signal.aborted) stop.abort();
      await Promise.all(queues.map((queue) => queue.idle()));
    },
  };
}

function createQueue(notifier: Notifier, signal: AbortSignal, options: DispatcherOptions) {
  const { log, count, limit = 1000, retry = RETRY } = options;
  const { name } = notifier;
  const waiting: AlertEvent[] = [];
  let working: Promise<void> | undefined;

  async function send(event: AlertEvent): Promise<void> {
    try {
      await pRetry(() => attempt(event), {
        ...retry,
        signal,
        onFailedAttempt: ({ error, retriesLeft }) => {
          if (retriesLeft > 0) count(name, 'retried');
          log.warn({ err: error, notifier: name, alertId: event.alertId, retriesLeft }, 'a notification failed');
        },
      });
      count(name, 'sent');
    } catch (error) {
      count(name, 'failed');
      const { alertId, revision } = event;
      log.error({ err: error, notifier: name, alertId, revision }, 'a notification is given up');
    }
  }

  /** p-retry takes a TypeError for a fault of the program and does not retry it; fetch throws them for bad networks. */
  async function attempt(event: AlertEvent): Promise<void> {
    try {
      await notifier.notify([event]);
    } catch (cause) {
      throw new Error(`notifier ${name}: ${(cause as Error).message}`, { cause });
    }
  }

  async function work(): Promise<void> {
    for (let event = waiting.shift(); event; event = waiting.shift()) await send(event);
    working = undefined;
  }

  return {
    push(event: AlertEvent): void {
      waiting.push(event);
      if (waiting.length > limit) {
        waiting.shift();
        count(name, 'dropped');
        log.error({ notifier: name, limit }, 'the oldest notification is dropped: too many wait');
      }
      working ??= work();
    },
    idle: (): Promise<void> => working ?? Promise.resolve(),
  };
}
