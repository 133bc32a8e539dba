/**
 * Group commit: what arrives while a group is being written goes into the next one, so that inserts grow with the load
 * instead of queueing.
 */
import type { Batch } from '@tcewatch/protocol';
import type { StoreError } from '../model.js';

/** Batches of one caller. */
interface Entry {
  batches: readonly Batch[];
  settle: (error?: StoreError) => void;
}

/** Most rows of one group, unless one entry alone has more: bounds their memory (60 bytes and more each). */
const MAX_ROWS = 1_000_000;

export class GroupCommit {
  #waiting: Entry[] = [];
  #idle: Promise<void> | undefined;

  /** `write` is called for one group at a time. */
  constructor(private readonly write: (batches: readonly Batch[]) => Promise<void>) {}

  /** Settles as the group does that the batches go with. */
  add(batches: readonly Batch[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        batches,
        settle: (error) => {
          if (error) reject(error);
          else resolve();
        },
      });
      this.#idle ??= this.#drain();
    });
  }

  /** Resolves when nothing is waiting or being written. */
  async idle(): Promise<void> {
    await this.#idle;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit(this.#nextGroup());
    // In the same turn as the check, so that nothing is added in between and never written.
    this.#idle = undefined;
  }

  #nextGroup(): Entry[] {
    let rows = 0;
    const fits = this.#waiting.findIndex(({ batches }) => {
      for (const { series, latencies } of batches) rows += series.length + (latencies?.length ?? 0);
      return rows > MAX_ROWS;
    });
    return this.#waiting.splice(0, fits === -1 ? this.#waiting.length : Math.max(1, fits));
  }

  async #commit(group: Entry[]): Promise<void> {
    try {
      await this.write(group.flatMap(({ batches }) => batches));
      for (const { settle } of group) settle();
    } catch (error) {
      // One batch that ClickHouse refuses for good must not take its neighbours with it.
      if (group.length > 1 && !(error as StoreError).transient) {
        for (const entry of group) await this.#commit([entry]);
      } else {
        for (const { settle } of group) settle(error as StoreError);
      }
    }
  }
}
