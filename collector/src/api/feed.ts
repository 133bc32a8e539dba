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
  /** Called when the store could not be asked; the next poll makes up for it. */
  onError: (error: unknown) => void;
  /** Milliseconds between two polls of the store. */
  everyMs?: number;
}

const EVERY_MS = 2000;
/** Nanoseconds by which clocks of collectors may differ, and for which polls may fail. */
const OVERLAP_NS = 60_000_000_000n;

export class AlertFeed {
  readonly #watchers = new Set<(event: AlertEvent) => void>();
  readonly #listeners: (() => void)[] = [];
  /** Events that watchers were told, and when. */
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

  /** Registers a watcher until the returned function is called. The store is polled while there is one. */
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

  /** Number of watchers. */
  get watchers(): number {
    return this.#watchers.size;
  }

  /** Registers a permanent listener. It does not make the feed poll the store. */
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
