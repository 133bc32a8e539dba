/**
 * Reads a live ring before it fills: polls it after a time that depends on how full it was, and reads early only what
 * there might be no room for later. The work of one turn is bounded by what the ring holds, and cut into slices of the
 * ring's own time so that the program's other work goes on.
 */
import { setImmediate } from 'node:timers/promises';
import type { RingMerge } from './decode/merge.js';
import type { RingStats } from './decode/stats.js';
import type { Pace } from '../clock.js';
import { openBuffer } from './buffer.js';
import type { RingBuffer } from './buffer.js';
import { tallyOf } from './counts.js';
import type { RingCounts, RingTally } from './counts.js';
import type { RingShape } from './instance.js';

export interface RingReaderOptions extends RingShape {
  pace: Pace;
  /** Reads CLOCK_MONOTONIC in ns. */
  monotonicNs: () => number;
}

const SLICE_NS = 50e6;
const SHORTEST_POLL_MS = 10;
const LONGEST_POLL_MS = 250;
/** Share of a buffer that may lie unread until a reading is due. */
const MOST_UNREAD = 1 / 4;
/** Most bytes of one event in a buffer: its 64 bytes (kvm_hcall_enter), its header, and an extension of time. */
const EVENT_BYTES = 76;

export class RingReader {
  private readonly merge: RingMerge;
  private readonly closing = new AbortController();
  private polling = Promise.resolve();
  /** The last sweep; the next one waits for it, and fails as it did. */
  private sweeping = Promise.resolve();
  /** Time up to which all events were handed on. */
  private sweptNs: number;
  /** Share that was unread at the last poll. */
  private unread = 0;

  private constructor(
    private readonly buffers: readonly RingBuffer[],
    counts: RingCounts,
    private readonly options: RingReaderOptions,
  ) {
    const [first] = buffers;
    if (!first) throw new RangeError('a ring has at least one instance');
    this.merge = counts.merge(
      first.layout,
      buffers.flatMap((buffer) => buffer.cpus),
    );
    this.sweptNs = options.monotonicNs();
  }

  /** Opens the reader. `directories` are those of the instances, which stay when it is closed. */
  static async open(directories: readonly string[], counts: RingCounts, options: RingReaderOptions) {
    const buffers: RingBuffer[] = [];
    try {
      for (const directory of directories) buffers.push(await openBuffer(directory));
      return new RingReader(buffers, counts, options);
    } catch (error) {
      for (const buffer of buffers) await buffer.close();
      throw error;
    }
  }

  /** Keeps the ring from filling until it is closed. */
  start(): void {
    this.polling = this.poll();
  }

  /** Counts all events until now. Rejects as the sweep did that failed, be it an earlier one. */
  catchUp(): Promise<void> {
    this.sweeping = this.sweeping.then(() => this.sweep(this.options.monotonicNs()));
    return this.sweeping;
  }

  /** Returns what became of the events of each instance, as of now and at the same instant as the counts. */
  tallies(): RingTally[] {
    const { tallies } = this.merge;
    let at = 0;
    return this.stats().map((stats) => tallyOf(tallies.slice(at, (at += stats.length)), stats));
  }

  /** Returns what the kernel counted until now, by instance and CPU. */
  stats(): RingStats[][] {
    return this.buffers.map(({ cpus }) => cpus.map((cpu) => cpu.stats()));
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.polling;
    for (const buffer of this.buffers) await buffer.close();
  }

  private async poll(): Promise<void> {
    const { signal } = this.closing;
    for (let delayMs = SHORTEST_POLL_MS; ;) {
      await this.options.pace.sleep(delayMs, signal);
      if (signal.aborted) return;
      try {
        const unread = this.fullest();
        delayMs = nextPollMs(delayMs, unread - this.unread);
        this.unread = unread;
        if (unread > MOST_UNREAD) await this.catchUp();
      } catch {
        // Whoever asks for a reading gets the error.
        return;
      }
    }
  }

  private async sweep(nowNs: number): Promise<void> {
    while (this.sweptNs < nowNs) {
      this.sweptNs = Math.min(this.sweptNs + SLICE_NS, nowNs);
      this.merge.drain(this.sweptNs);
      if (this.sweptNs < nowNs) await setImmediate();
    }
    this.unread = 0;
  }

  /**
   * Returns the largest share of its buffer that any CPU has filled; more than 1 where a sub-buffer is more than was
   * asked for.
   */
  private fullest(): number {
    const entries = Math.max(...this.stats().flatMap((stats) => stats.map((cpu) => cpu.entries)));
    return (entries * EVENT_BYTES) / (this.options.kbPerCpu * 1024);
  }
}

/** Returns when to poll next: sooner if a good part of the buffer had filled meanwhile, later if hardly any had. */
export function nextPollMs(delayMs: number, share: number): number {
  const factor = share > 0.5 ? 1 / 4 : share > 0.2 ? 1 / 2 : share < 0.05 ? 3 / 2 : 1;
  return Math.min(Math.max(delayMs * factor, SHORTEST_POLL_MS), LONGEST_POLL_MS);
}
