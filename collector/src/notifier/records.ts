/**
 * Keeps record in the store of what each notifier was told, in groups, and tells after a start what was left untold: a
 * collector that is killed between storing an event and telling of it, or that gave one up, has not lost it. What was told
 * and not recorded is told twice; receivers know it by alert id and revision, or by labels.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { BaseLogger } from 'pino';
import type { AlertEvent } from '../alerts/event.js';
import type { Notification, NotificationStore } from '../model.js';

/** Events older than this are not told any more. */
const DAY_NS = 86_400_000_000_000n;
/** Records that may wait for the store; past it the oldest are let go of. */
const MAX_WAITING = 10_000;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export interface NotificationRecords {
  /** Never waits and never throws. */
  add(notifier: string, events: readonly AlertEvent[]): void;
  /** Tries once more to store what waits; resolves also when that fails. */
  close(): Promise<void>;
}

export interface RecordsOptions {
  log: BaseLogger;
  /** Nanoseconds since 1970. */
  now: () => bigint;
}

export function createRecords(
  store: Pick<NotificationStore, 'insertNotifications'>,
  { log, now }: RecordsOptions,
): NotificationRecords {
  let waiting: Notification[] = [];
  let working: Promise<void> | undefined;
  const closing = new AbortController();

  async function work(): Promise<void> {
    for (let delay = FIRST_WAIT_MS; waiting.length > 0;) {
      const group = waiting;
      waiting = [];
      const last = closing.signal.aborted;
      try {
        await store.insertNotifications(group);
        delay = FIRST_WAIT_MS;
      } catch (error) {
        waiting = [...group, ...waiting].slice(-MAX_WAITING);
        log.error({ err: error, notifications: waiting.length }, 'who was told of alerts is not recorded yet');
        if (last) break;
        await wait(delay, undefined, { signal: closing.signal }).catch(() => undefined);
        delay = Math.min(2 * delay, LONGEST_WAIT_MS);
      }
    }
    working = undefined;
  }

  return {
    add(notifier, events) {
      const atNs = now();
      for (const { hostId, alertId, revision } of events) waiting.push({ notifier, hostId, alertId, revision, atNs });
      working ??= work();
    },
    async close() {
      closing.abort();
      await working;
    },
  };
}

/** Lists what each notifier was not told of the last day, the oldest first; a notifier that is new is told nothing. */
export async function untold(
  store: NotificationStore,
  notifiers: readonly string[],
  nowNs: bigint,
): Promise<{ notifier: string; event: AlertEvent }[]> {
  const since = await store.notifiersSince(notifiers, nowNs);
  const [events, told] = await Promise.all([
    store.alertEventsStoredAfter(nowNs - DAY_NS),
    // An event is told after it is stored.
    store.notificationsAfter(nowNs - DAY_NS),
  ]);
  const known = new Set(told.map((one) => key(one.notifier, one)));
  return notifiers.flatMap((notifier) =>
    events
      .filter(({ event, storedNs }) => storedNs > (since.get(notifier) ?? nowNs) && !known.has(key(notifier, event)))
      .map(({ event }) => ({ notifier, event })),
  );
}

function key(notifier: string, { alertId, revision }: Pick<AlertEvent, 'alertId' | 'revision'>): string {
  return `${alertId} ${revision} ${notifier}`;
}
