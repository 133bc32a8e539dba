/**
 * Measures the ring decoder on a real recording: against the same events as text, and against merely touching the
 * bytes.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EventReader, PageCursor, parseFormat, parseHeaderPage, treePath } from '@tcewatch/agent';
import type { HypercallEvents } from '@tcewatch/agent';
import { unpack } from '@tcewatch/recordings';
import { compare } from './measure.js';
import type { Comparison } from './measure.js';
import { TextPrinter, parseText } from './ring-text.js';

export interface RingMeasurement {
  events: number;
  /** Events per second, decoded from binary and parsed from text; target ratio 30. */
  text: Comparison;
  /** Bytes per second, decoded and summed up word by word; target ratio 0.3. */
  bytes: Comparison;
}

/** Adds up what it is told, so that no decoder can leave out work, and both can be seen to tell the same. */
class Checksum implements HypercallEvents {
  events = 0;
  sum = 0;

  entered(cpu: number, _ns: number, tid: number, _hypercall: string, liobn: number | bigint, npages: number): void {
    this.events++;
    this.sum += cpu + tid + Number(liobn) + ((npages === Infinity ? 2 ** 53 : npages) % 4096);
  }

  enteredOther(tid: number): void {
    this.sum = (this.sum + tid) | 0;
  }

  exited(cpu: number, _ns: number, tid: number, outcome: string): void {
    this.events++;
    this.sum = (this.sum + cpu + tid + (outcome === 'userspace' ? 1 : 0)) | 0;
  }

  runEntered(_ns: number, tid: number): void {
    this.sum = (this.sum + tid) | 0;
  }
}

/** One pass takes milliseconds, and the collection of garbage before a round throws away compiled code. */
const PASSES = 20;

/** Runs both comparisons; throws when text and binary do not tell the same. */
export async function measureRing(rounds = 5): Promise<RingMeasurement> {
  const directory = await unpack('vfio-7.2');
  const tracefs = join(treePath(directory, 'both-accelerated'), 'sys/kernel/tracing/events');
  const format = async (name: string) => parseFormat(await readFile(join(tracefs, 'kvm_hv', name, 'format'), 'utf8'));
  const layout = parseHeaderPage(await readFile(join(tracefs, 'header_page'), 'utf8'));
  const reader = new EventReader({
    kvm_hcall_enter: await format('kvm_hcall_enter'),
    kvm_hcall_exit: await format('kvm_hcall_exit'),
  });
  const raw = await readFile(join(directory, 'ring/per_cpu/cpu0/trace_pipe_raw'));

  const cursor = new PageCursor(layout);
  const decode = (sink: HypercallEvents) => {
    for (let at = 0; at < raw.length; at += layout.size) {
      cursor.open(raw.subarray(at, at + layout.size));
      while (cursor.next()) reader.read(cursor, 0, sink);
    }
  };
  const printer = new TextPrinter();
  decode(printer);
  const text = Buffer.from(printer.lines.join('\n'));
  const decoded = new Checksum();
  decode(decoded);
  const parsed = new Checksum();
  parseText(text.toString(), parsed);
  if (parsed.events !== decoded.events || parsed.sum !== decoded.sum) {
    throw new Error(`text has ${parsed.events} events (${parsed.sum}), binary ${decoded.events} (${decoded.sum})`);
  }

  const events = decoded.events;
  const decoder = (units: number) => () => {
    for (let pass = 0; pass < PASSES; pass++) decode(decoded);
    return PASSES * units;
  };
  const parser = () => {
    parseText(text.toString(), parsed);
    return events;
  };
  const summer = () => {
    for (let pass = 0; pass < PASSES; pass++) sumOfWords(raw);
    return PASSES * raw.length;
  };
  return {
    events,
    text: await compare({ run: decoder(events) }, { run: parser }, rounds),
    bytes: await compare({ run: decoder(raw.length) }, { run: summer }, rounds),
  };
}

/** The ceiling: nothing can decode bytes that it has not read. */
function sumOfWords(raw: Uint8Array): number {
  const words = new Uint32Array(raw.buffer, raw.byteOffset, raw.byteLength / 4);
  let sum = 0;
  // Three times as fast as an iterator.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let i = 0; i < words.length; i++) sum = (sum + (words[i] ?? 0)) >>> 0;
  return sum;
}
