/** Hands events to the notifiers: each has a queue of its own, so none holds up another or the pipeline. */
import type { AlertEvent } from '../alerts/event.js';
import type { Notifier } from '../model.js';
import { NotifierQueue } from './queue.js';
import type { QueueOptions } from './queue.js';

export interface Dispatcher {
  /**
   * To all notifiers, or to the named one alone. Never waits and never throws. `parent` is the W3C traceparent of the
   * event, where that is traced.
   */
  dispatch(event: AlertEvent, more?: { notifier?: string; parent?: string | undefined }): void;
  /** Milliseconds that the oldest event has waited for each notifier. */
  ages(): { notifier: string; ms: number }[];
  /** Gives what waits until the signal to be sent, then lets go of it. */
  close(signal: AbortSignal): Promise<void>;
}

/** Creates a dispatcher. Notifiers that want to hear of what fires again and again are told of it at once. */
export function createDispatcher(notifiers: readonly Notifier[], options: QueueOptions): Dispatcher {
  const stop = new AbortController();
  const queues = notifiers.map((notifier) => new NotifierQueue(notifier, stop.signal, options));
  const timers = queues.flatMap((queue) => {
    const { repeatEvery } = queue.notifier;
    if (repeatEvery === undefined) return [];
    queue.repeat();
    return setInterval(() => {
      queue.repeat();
    }, repeatEvery);
  });
  return {
    dispatch(event, { notifier, parent } = {}) {
      for (const queue of queues) {
        if (notifier === undefined || notifier === queue.notifier.name) queue.push(event, parent);
      }
    },
    ages: () => queues.map((queue) => ({ notifier: queue.notifier.name, ms: queue.age() })),
    async close(signal) {
      timers.forEach(clearInterval);
      signal.addEventListener('abort', () => {
        stop.abort();
      });
      if (signal.aborted) stop.abort();
      await Promise.all(queues.map((queue) => queue.idle()));
    },
  };
}
