/** The library's request queue, as it is mended. */
import { createRequire } from 'node:module';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import '../src/kafkajs/patch.js';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}
type QueueClass = new (options: Record<string, unknown>) => Queue;

const RequestQueue = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as QueueClass;
const logger = { debug: () => undefined };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('sets no timer when nothing waits', () => {
  const queue = new RequestQueue({ requestTimeout: 1000, logger });
  queue.checkPendingRequests();
  expect(vi.getTimerCount()).toBe(0);
});

it('looks again soon when something waits, and when a throttle ends', () => {
  const queue = new RequestQueue({ requestTimeout: 1000, logger });
  const check = vi.spyOn(queue, 'checkPendingRequests').mockImplementation(() => undefined);
  queue.pending.push({});
  queue.scheduleCheckPendingRequests();
  queue.scheduleCheckPendingRequests();
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(10);
  expect(check).toHaveBeenCalledTimes(1);

  queue.throttledUntil = Date.now() + 500;
  queue.scheduleCheckPendingRequests();
  vi.advanceTimersByTime(499);
  expect(check).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  expect(check).toHaveBeenCalledTimes(2);
});
