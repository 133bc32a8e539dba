/**
 * Alert events to whoever watches, as they happen: those of this collector at once, those that others stored after a short
 * while, from one question for all who watch. An event may be told twice; its revision tells.
 */
import type { AlertEvent } from '../alerts/event.js';

export interface FeedOptions {
  /** Events that any collector stored after the time, in nanoseconds since 1970. */
  storedAfter: (ns: bigint) => Promise<{ event: AlertEvent }[]>;
  /** Nanoseconds since 1970. */
  now: () => bigint;
  /** Told of a look at the store that failed; the next one makes up for it. */
  onError: (error: unknown) => void;
  /** Between two looks at the store, in milliseconds. */
  everyMs?: number;
}

const EVERY_MS = 2000;
/** Clocks of collectors may differ by so much, and a look may fail for so long. */
const OVERLAP_NS = 60_000_000_000n;

export class AlertFeed {
  readonly #watchers = new Set<(event: AlertEvent) => void>();
  readonly #listeners: (() => void)[] = [];
  /** What watchers were told, and when. */
  readonly #told = new Map<string, bigint>();
  readonly #options: FeedOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  publish(event: AlertEvent): void {
    for (const listener of this.#listeners) listener();
    if (this.#watchers.size === 0) return;
    this.#told.set(key(event), this.#options.now());
    for (const watcher of this.#watchers) watcher(event);
  }

  /** Until the returned function is called. */
  watch(watcher: (event: AlertEvent) => void): () => void {
    this.#watchers.add(watcher);
    if (this.#watchers.size === 1) this.#pollLater();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      clearTimeout(this.#timer);
      this.#told.clear();
    };
  }

  /** How many watch. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** For ever, and without looking at the store: of events that this feed tells of anyway. */
  onEvent(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #pollLater(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), this.#options.everyMs ?? EVERY_MS);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const since = this.#options.now() - OVERLAP_NS;
    try {
      const stored = await this.#options.storedAfter(since);
      for (const { event } of stored) if (!this.#told.has(key(event))) this.publish(event);
      for (const [told, at] of this.#told) if (at < since - OVERLAP_NS) this.#told.delete(told);
    } catch (error) {
      this.#options.onError(error);
    }
    if (this.#watchers.size > 0) this.#pollLater();
  }
}

function key({ alertId, revision }: AlertEvent): string {
  return `${alertId} ${revision}`;
}
