/**
 * Decodes one sub-buffer of the kernel's ring buffer (`kernel/trace/ring_buffer.c`, `include/linux/ring_buffer.h`)
 * event by event, without an object for any of them. Little endian only: ppc64le and x86_64 are all there is.
 */
import { RingError } from './error.js';
import type { PageLayout } from './header.js';

/**
 * Limit of `type_len`: 1 to 28 is the length of an event's data in words, 0 says that a word with the length follows.
 */
const MAX_DATA_WORDS = 28;
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;

/** Flags in `commit`: events before this page were lost; and their number follows the data as a u64. */
const MISSED_EVENTS = 0x80000000;
const MISSED_STORED = 0x40000000;
const LENGTH_MASK = 0x3fffffff;

const WORD = 2 ** 32;
/** Unit of an extended delta's upper part: 2^27 ns. Absolute stamps have 59 bits. */
const DELTA_UNIT = 2 ** 27;
const STAMP_RANGE = 2 ** 59;
const BASE_HIGH_MASK = 0x07ffffff;

/**
 * Walks the events of one page after the other: `open` a page, then call `next` until it is false. Reusable, so that a
 * stream of events costs no allocation but one view for each page.
 *
 * Both throw RingError naming the byte offset in the page; the events before it stand, and the cursor is then at the
 * end of the page. No bytes make it loop or read beyond the page.
 */
export class PageCursor {
  /**
   * Time of the event in ns on the buffer's clock. Exact below 2^53 ns (104 days of uptime); beyond, and within four
   * years, off by 16 ns at most, which is less than it takes a thread to get to another CPU.
   */
  timestampNs = 0;
  /** Value of `common_type`, which is first in all events (`struct trace_entry`). */
  typeId = 0;
  /** Offset in the page of the event's data, and its length: a multiple of 4, at the end perhaps of padding. */
  offset = 0;
  length = 0;
  /** Time of the page, from which those of its events count. */
  pageNs = 0;
  /**
   * Number of events that were overwritten just before this page; `unknown`: some, but there was no room for the
   * number.
   */
  missed: number | 'unknown' = 0;
  /** The page, for reading the fields of the event. */
  view: DataView = new DataView(new ArrayBuffer(0));

  /** Offset of the next event's header; where the committed data ends; and where the bytes that are there end. */
  private at = 0;
  private committedEnd = 0;
  private end = 0;
  private baseLow = 0;
  private baseHigh = 0;
  /** Nanoseconds since the page's own time. */
  private elapsed = 0;

  constructor(private readonly layout: PageLayout) {}

  /** Begins with a page: a sub-buffer as read from trace_pipe_raw, zeros or nothing after what was committed. */
  open(page: Uint8Array): void {
    const { timestampOffset, commitOffset, dataOffset, dataSize } = this.layout;
    const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
    this.view = view;
    this.at = this.end = this.committedEnd = dataOffset;
    this.missed = 0;
    if (page.byteLength < dataOffset) this.fail('cut-short', page.byteLength, `a page header has ${dataOffset} bytes`);
    this.baseLow = view.getUint32(timestampOffset, true);
    this.baseHigh = view.getUint32(timestampOffset + 4, true);
    this.pageNs = this.baseHigh * WORD + this.baseLow;
    this.elapsed = 0;
    const commit = view.getUint32(commitOffset, true);
    const sign = view.getUint32(commitOffset + 4, true);
    const committed = commit & LENGTH_MASK;
    // The kernel adds the flags as an int to a long, which sign-extends the upper one.
    if (committed > dataSize || (sign !== 0 && (sign !== 0xffffffff || commit < MISSED_EVENTS))) {
      this.fail('malformed', commitOffset, `commit is 0x${sign.toString(16)}${commit.toString(16).padStart(8, '0')}`);
    }
    const committedEnd = dataOffset + committed;
    if (commit >= MISSED_EVENTS) {
      this.missed = (commit & MISSED_STORED) === 0 ? 'unknown' : this.storedCount(committedEnd);
    }
    this.committedEnd = committedEnd;
    this.end = Math.min(committedEnd, page.byteLength);
  }

  /** Goes to the next event; false when there is none. */
  next(): boolean {
    while (this.at < this.committedEnd) {
      const at = this.at;
      if (at + 4 > this.end) this.beyond(at);
      const word = this.view.getUint32(at, true);
      const typeLen = word & 0x1f;
      const delta = word >>> 5;
      if (typeLen <= MAX_DATA_WORDS) {
        const offset = typeLen === 0 ? at + 8 : at + 4;
        const length = typeLen === 0 ? this.followingWord(at) - 4 : typeLen * 4;
        if (length < 4 || length % 4 !== 0) this.fail('malformed', at, `an event has ${length} bytes`);
        if (offset + length > this.end) this.beyond(at);
        this.elapsed += delta;
        this.timestampNs = this.pageNs + this.elapsed;
        this.offset = offset;
        this.length = length;
        this.typeId = this.view.getUint16(offset, true);
        this.at = offset + length;
        return true;
      }
      if (typeLen === TYPE_PADDING) this.skipPadding(at, delta);
      else this.advanceTime(at, typeLen, delta);
    }
    return false;
  }

  /**
   * Skips padding. Without a delta it fills the page; with one it is an event that was discarded after it had been
   * begun.
   */
  private skipPadding(at: number, delta: number): void {
    if (delta === 0) {
      this.at = this.committedEnd;
      return;
    }
    const length = this.followingWord(at);
    if (length < 4 || length % 4 !== 0) this.fail('malformed', at, `padding has ${length} bytes`);
    if (at + 4 + length > this.end) this.beyond(at);
    // 1 stands for a delta of 0, which would mean the end; as in the kernel's rb_read_data_buffer().
    if (delta !== 1) this.elapsed += delta;
    this.at = at + 4 + length;
  }

  private advanceTime(at: number, typeLen: number, delta: number): void {
    const upper = this.followingWord(at);
    if (typeLen === TYPE_TIME_EXTEND) {
      this.elapsed += upper * DELTA_UNIT + delta;
    } else {
      // An absolute stamp lacks its 5 top bits: they are those of the page's time, unless the lower 59 wrapped since.
      const low = ((upper << 27) | delta) >>> 0;
      const high = upper >>> 5;
      const since = (high - (this.baseHigh & BASE_HIGH_MASK)) * WORD + (low - this.baseLow);
      this.elapsed = since < -STAMP_RANGE / 2 ? since + STAMP_RANGE : since;
    }
    this.at = at + 8;
  }

  private followingWord(at: number): number {
    if (at + 8 > this.end) this.beyond(at);
    return this.view.getUint32(at + 4, true);
  }

  private storedCount(at: number): number | 'unknown' {
    if (at + 8 > this.layout.size) this.fail('malformed', at, 'there is no room for the number of lost events');
    // Cut short before the number, or with one that cannot be: the page's events are good all the same.
    if (at + 8 > this.view.byteLength) return 'unknown';
    const count = this.view.getUint32(at + 4, true) * WORD + this.view.getUint32(at, true);
    return Number.isSafeInteger(count) ? count : 'unknown';
  }

  private beyond(at: number): never {
    if (this.end < this.committedEnd) {
      this.fail('cut-short', this.end, `the page has data up to byte ${this.committedEnd}`);
    }
    this.fail('malformed', at, `an event goes beyond the page's data, which ends at byte ${this.end}`);
  }

  private fail(code: RingError['code'], at: number, message: string): never {
    this.at = this.end = this.committedEnd;
    throw new RingError(code, 'sub-buffer', 'byte', at, message);
  }
}
