/**
 * Mends one function of kafkajs 2.2.4, which nobody maintains any more: after each answer its request queue sets a
 * timer for a moment in the past, for ever, whether anything waits or not. That wakes an idle program some 700 times a
 * second for each connection, and newer versions of Node warn of negative time-outs (its issues 1704 and 1751).
 */
import { createRequire } from 'node:module';

/** What the function uses of its queue. */
interface RequestQueue {
  pending: readonly unknown[];
  /** Milliseconds since 1970; -1 when the broker has never throttled. */
  throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** CHECK_PENDING_REQUESTS_INTERVAL of src/network/requestQueue/index.js, milliseconds. */
const SOON_MS = 10;

const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue };

/** Sets the timer as before where something waits, or will; sets none where there is nothing to look for. */
prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  const throttledMs = this.throttledUntil - Date.now();
  if (this.throttleCheckTimeoutId !== null || (this.pending.length === 0 && throttledMs <= 0)) return;
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : SOON_MS,
  );
};
