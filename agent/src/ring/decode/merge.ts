/**
 * Puts the events of several CPUs in order of time, as a thread may enter a hypercall on one and leave it on another.
 *
 * A streaming merge: it holds one sub-buffer of each CPU and asks for the next when that one is used up. The buffer's
 * clock must be one for all CPUs (trace_clock `boot` or `mono`, not `local`).
 */
import { RingError } from './error.js';
import type { PageLayout } from './header.js';
import { PageCursor } from './page.js';

/** Source of the sub-buffers of one CPU, oldest first. */
export interface PageSource {
  cpu: number;
  /** Returns the next sub-buffer, which stays as it is until the next call; undefined when there is none now. */
  read(): Uint8Array | undefined;
}

export interface MergedEvents {
  /** Receives the next event by time, at which the cursor is. */
  event(cursor: PageCursor, cpu: number): void;
  /** Receives a gap: events of a CPU are missing between those handed on so far and `untilNs`. */
  gap(cpu: number, untilNs: number): void;
  /** Receives an error: a page, or one event, could not be read; the rest of its page is skipped in the former case. */
  damaged(cpu: number, error: RingError): void;
}

/** Numbers of what was read of one CPU. Only ever grow. */
export interface CpuTally {
  cpu: number;
  pages: number;
  events: number;
  /** Lost events whose number a page gave. */
  overwritten: number;
  /** Pages and events that could not be read. */
  damaged: number;
}

export class RingMerge {
  private readonly streams: CpuStream[];

  constructor(
    layout: PageLayout,
    sources: readonly PageSource[],
    private readonly out: MergedEvents,
  ) {
    this.streams = sources.map((source) => new CpuStream(layout, source, out));
  }

  get tallies(): readonly Readonly<CpuTally>[] {
    return this.streams.map((stream) => ({ ...stream.tally }));
  }

  /**
   * Hands on all events up to a time, which must not be later than when it is called; an event that is already read
   * and later than that is kept for the next call. So each thread's events come in order over any number of calls:
   * one that is not there yet on a CPU was written after this call began, and what the thread did after that is later
   * still.
   */
  drain(horizonNs: number): void {
    const heap = this.streams.filter((stream) => stream.ready || stream.advance());
    for (let i = (heap.length >> 1) - 1; i >= 0; i--) siftDown(heap, i);
    for (let first = heap[0]; first && first.ns <= horizonNs; first = heap[0]) {
      this.deliver(first);
      if (!first.advance()) {
        const last = heap.pop();
        if (last && last !== first) heap[0] = last;
      }
      siftDown(heap, 0);
    }
  }

  private deliver(stream: CpuStream): void {
    try {
      this.out.event(stream.cursor, stream.tally.cpu);
      stream.tally.events++;
    } catch (error) {
      stream.damage(error);
    }
  }
}

/** Events of one CPU in their order. */
class CpuStream {
  readonly tally: CpuTally;
  readonly cursor: PageCursor;
  /** Whether the cursor is at an event that has not been handed on. */
  ready = false;
  private opened = false;
  private damagedBefore = false;

  constructor(
    layout: PageLayout,
    private readonly source: PageSource,
    private readonly out: MergedEvents,
  ) {
    this.cursor = new PageCursor(layout);
    this.tally = { cpu: source.cpu, pages: 0, events: 0, overwritten: 0, damaged: 0 };
  }

  get ns(): number {
    return this.cursor.timestampNs;
  }

  /** Goes to the next event, over as many pages as it takes; false when there is none now. */
  advance(): boolean {
    while (!this.advanceInPage()) {
      const page = this.source.read();
      if (page === undefined) return false;
      this.open(page);
    }
    return true;
  }

  /** Goes to the next event of the page that is open; false when it has no more. */
  private advanceInPage(): boolean {
    this.ready = false;
    try {
      this.ready = this.opened && this.cursor.next();
    } catch (error) {
      this.damage(error);
    }
    this.opened = this.ready;
    return this.ready;
  }

  /** Counts what could not be read; rethrows anything but a RingError. */
  damage(error: unknown): void {
    if (!(error instanceof RingError)) throw error;
    this.tally.damaged++;
    this.damagedBefore = true;
    this.out.gap(this.tally.cpu, this.ns);
    this.out.damaged(this.tally.cpu, error);
  }

  private open(page: Uint8Array): void {
    this.tally.pages++;
    try {
      this.cursor.open(page);
    } catch (error) {
      this.damage(error);
      return;
    }
    this.opened = true;
    const { missed, pageNs } = this.cursor;
    // Where a page tells no number, `overrun` in stats has it.
    if (missed !== 'unknown') this.tally.overwritten += missed;
    if (missed !== 0 || this.damagedBefore) this.out.gap(this.tally.cpu, pageNs);
    this.damagedBefore = false;
  }
}

function siftDown(heap: CpuStream[], start: number): void {
  const moved = heap[start];
  if (!moved) return;
  for (let i = start; ;) {
    let child = 2 * i + 1;
    let least = heap[child];
    const right = heap[child + 1];
    if (least && right && right.ns < least.ns) {
      least = right;
      child++;
    }
    if (!least || least.ns >= moved.ns) {
      heap[i] = moved;
      return;
    }
    heap[i] = least;
    i = child;
  }
}
