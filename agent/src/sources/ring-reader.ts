/**
 * Reads a live ring before it fills: looks again after a time that depends on how full it was. The work of one turn is
 * bounded by what the ring holds, and cut into slices of the ring's own time so that the program's other work goes on.
 */
import { setImmediate } from 'node:timers/promises';
import type { Account } from '@tcewatch/protocol';
import type { Cell } from '../model.js';
import type { CpuTally, RingMerge } from '../ring/merge.js';
import type { RingStats } from '../ring/stats.js';
import type { Pace } from './pace.js';
import { openBuffer } from './ring-buffer.js';
import type { RingBuffer } from './ring-buffer.js';
import { tallyOf, total } from './ring-counts.js';
import type { RingCounts, RingTally } from './ring-counts.js';
import { removeRing } from './ring-instance.js';
import type { RingInstance, RingShape } from './ring-instance.js';

export interface RingReaderOptions extends RingShape {
  pace: Pace;
  /** CLOCK_MONOTONIC in ns. */
  monotonicNs: () => number;
}

const SLICE_NS = 50e6;
const SHORTEST_POLL_MS = 10;
const LONGEST_POLL_MS = 250;

export class RingReader {
  private readonly merge: RingMerge;
  private readonly closing = new AbortController();
  private polling = Promise.resolve();
  /** The last sweep; the next one waits for it, and fails as it did. */
  private sweeping = Promise.resolve();
  /** Up to this time all events were handed on. */
  private sweptNs: number;
  /** By CPU, when the fullest was last looked for. */
  private sweptPages: readonly number[] = [];
  private drops = 0;

  private constructor(
    private readonly ring: readonly RingInstance[],
    private readonly buffers: readonly RingBuffer[],
    private readonly counts: RingCounts,
    private readonly options: RingReaderOptions,
  ) {
    const [first] = buffers;
    if (!first) throw new RangeError('a ring has at least one instance');
    const pages = buffers.flatMap((buffer) => buffer.pages);
    this.merge = counts.merge(first.layout, pages);
    this.sweptNs = options.monotonicNs();
  }

  /** The ring is the reader's from now on: it is removed when it is closed, or cannot be opened. */
  static async open(ring: readonly RingInstance[], counts: RingCounts, options: RingReaderOptions) {
    const buffers: RingBuffer[] = [];
    try {
      for (const { directory } of ring) buffers.push(await openBuffer(directory));
      return new RingReader(ring, buffers, counts, options);
    } catch (error) {
      for (const buffer of buffers) await buffer.close();
      await removeRing(ring);
      throw error;
    }
  }

  /** Keeps reading until it is closed. */
  start(): void {
    this.polling = this.poll();
  }

  /** Resolves when all events until now are counted. Rejects as the sweep did that failed, be it an earlier one. */
  catchUp(): Promise<void> {
    this.sweeping = this.sweeping.then(() => this.sweep(this.options.monotonicNs()));
    return this.sweeping;
  }

  /** The counts until now, and the accounts that go with them. */
  async read(): Promise<{ cells: Cell[]; tallies: RingTally[] }> {
    await this.catchUp();
    const stats = await this.stats();
    // Of one instant: nothing may be waited for in between, or the next sweep would be in one and not in the other.
    const tallies = this.tallies().map(({ counter, cpus }, i) => tallyOf(counter, cpus, stats[i] ?? []));
    return { cells: this.counts.cells(), tallies };
  }

  /**
   * Counts what others left in a ring into which nothing is written any more. Of what it had lost, the part since it was
   * last read is told where pages have room for the number; else all that it ever lost, which is too much rather than too
   * little.
   */
  async finish(): Promise<RingTally[]> {
    this.merge.drain(Infinity);
    const stats = await this.stats();
    return this.tallies().map(({ counter, cpus }, i) => {
      const tally = tallyOf(counter, cpus, stats[i] ?? []);
      const known = cpus.every(({ unnumberedGaps }) => unnumberedGaps === 0);
      return known ? { ...tally, overwritten: total(cpus, ({ overwritten }) => overwritten) } : tally;
    });
  }

  /** Resolves to what could not be removed, as problems. */
  async close(): Promise<string[]> {
    this.closing.abort();
    await this.polling;
    for (const buffer of this.buffers) await buffer.close();
    return removeRing(this.ring);
  }

  private stats(): Promise<RingStats[][]> {
    return Promise.all(this.buffers.map((buffer) => buffer.stats()));
  }

  private tallies(): { counter: Account['counter']; cpus: CpuTally[] }[] {
    const { tallies } = this.merge;
    let at = 0;
    return this.ring.map(({ counter }, i) => ({
      counter,
      cpus: tallies.slice(at, (at += this.buffers[i]?.pages.length ?? 0)),
    }));
  }

  private async poll(): Promise<void> {
    const { signal } = this.closing;
    for (let delayMs = SHORTEST_POLL_MS; ; delayMs = nextPollMs(delayMs, this.fullest())) {
      await this.options.pace.sleep(delayMs, signal);
      if (signal.aborted) return;
      try {
        await this.catchUp();
      } catch {
        // Whoever asks for a reading is told.
        return;
      }
    }
  }

  private async sweep(nowNs: number): Promise<void> {
    if (!this.options.overwrite) await this.noteDrops();
    while (this.sweptNs < nowNs) {
      this.sweptNs = Math.min(this.sweptNs + SLICE_NS, nowNs);
      this.merge.drain(this.sweptNs);
      if (this.sweptNs < nowNs) await setImmediate();
    }
  }

  /** That events were dropped is in `stats` alone, and not when: at any time until now. */
  private async noteDrops(): Promise<void> {
    const stats = await this.stats();
    const drops = total(stats.flat(), ({ dropped }) => dropped);
    if (drops > this.drops) this.counts.gap(this.options.monotonicNs());
    this.drops = drops;
  }

  /** The largest share of its buffer that any CPU had filled since the last call. */
  private fullest(): number {
    const pages = this.merge.tallies.map((tally) => tally.pages);
    const read = Math.max(...pages.map((count, i) => count - (this.sweptPages[i] ?? 0)));
    this.sweptPages = pages;
    return (read * (this.buffers[0]?.layout.size ?? 0)) / (this.options.kbPerCpu * 1024);
  }
}

/** When to look again: sooner if a good part of the buffer had filled meanwhile, later if hardly any had. */
export function nextPollMs(delayMs: number, share: number): number {
  const factor = share > 0.5 ? 1 / 4 : share > 0.2 ? 1 / 2 : share < 0.05 ? 3 / 2 : 1;
  return Math.min(Math.max(delayMs * factor, SHORTEST_POLL_MS), LONGEST_POLL_MS);
}
