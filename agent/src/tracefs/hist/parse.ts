/**
 * Parses tracefs hist files: text to histograms, or a HistError that names the line. A file that was cut anywhere, or
 * whose numbers contradict each other, is refused as a whole.
 */
import { MAX_UINT64 } from '@tcewatch/protocol';
import { HistError, parseTrigger, written } from './trigger.js';
import type { HistField, HistTrigger } from './trigger.js';

/** A u64 of the kernel, which of a field with `.log2` is the exponent; text where another modifier made it something else. */
export type HistValue = bigint | string;

/** One entry of a histogram. */
export interface HistRow {
  /** Values of the trigger's keys, in order. */
  keys: HistValue[];
  hitcount: number;
  /** Values of the trigger's vals, in order, without hitcount. The kernel adds modulo 2^64. */
  sums: HistValue[];
}

export interface Histogram {
  trigger: HistTrigger;
  rows: HistRow[];
  /**
   * Events that were counted. At least the sum of the rows' hitcounts: the kernel goes on counting while it prints, and
   * prints this after the rows.
   */
  hits: number;
  /** Events that were not counted, because the table was full. */
  dropped: number;
}

const HEADER = ['# event histogram', '#'];
const TRIGGER_INFO = '# trigger info: ';

/**
 * Parses all histograms of a hist file, in its order. Throws {@link HistError} for anything that hist_trigger_show does
 * not print, for rows other in number than `Entries`, and for hitcounts that contradict `Hits`.
 */
export function parseHist(text: string): Histogram[] {
  if (!text.endsWith('\n'))
    throw new HistError(undefined, text === '' ? 'is empty' : 'is cut: its last line has no end');
  const lines = new Lines(text.slice(0, -1).split('\n'));
  const histograms = [parseHistogram(lines)];
  while (!lines.done()) {
    lines.expect('');
    lines.expect('');
    histograms.push(parseHistogram(lines));
  }
  return histograms;
}

/**
 * Picks the one histogram with these keys as numbers, in this order; `lat.log2` is a key in powers of two. Throws
 * HistError when there is none, or more than one.
 */
export function pickHistogram(histograms: readonly Histogram[], keys: readonly string[]): Histogram {
  const found = histograms.filter(
    ({ trigger }) => trigger.keys.length === keys.length && trigger.keys.every((key, i) => isKey(key, keys[i])),
  );
  const [first] = found;
  if (first && found.length === 1) return first;
  const wanted = keys.join(',');
  if (first) throw new HistError(undefined, `has ${found.length} histograms with the keys ${wanted}, expected one`);
  const present = histograms.map(({ trigger }) => trigger.keys.map(written).join(',')).join('; ');
  throw new HistError(undefined, `has no histogram with the keys ${wanted}, only with ${present}`);
}

function isKey(field: HistField, wanted: string | undefined): boolean {
  return isNumber(field) && (field.modifier === 'log2' ? written(field) : field.name) === wanted;
}

/** Tells whether a field is printed as a number; other modifiers (`.execname`, `.sym`) print text. */
function isNumber({ modifier }: HistField): boolean {
  return modifier === undefined || modifier === 'hex' || modifier === 'log2';
}

/** Forms in which numbers are printed (hist_trigger_print_key in kernel/trace/trace_events_hist.c). */
const NUMBERS = {
  decimal: / *(\d{1,20})(?![^ ,])/y,
  hex: / *([0-9a-f]{1,16})(?![^ ,])/y,
  // In two columns at least.
  log2: /~ 2\^(?:(\d) |(\d{2,20}))(?![^ ,])/y,
};

/** The lines of a file and the place reached in them. */
class Lines {
  #next = 0;

  constructor(private readonly lines: readonly string[]) {}

  /** Number of the line that was taken last, from 1. */
  get number(): number {
    return this.#next;
  }

  done(): boolean {
    return this.#next >= this.lines.length;
  }

  take(): string {
    const line = this.lines[this.#next++];
    if (line === undefined) throw new HistError(this.#next, 'the file ends too early');
    return line;
  }

  expect(wanted: string): void {
    const line = this.take();
    if (line !== wanted) throw this.error(`expected ${JSON.stringify(wanted)}, found ${quote(line)}`);
  }

  error(problem: string): HistError {
    return new HistError(this.#next, problem);
  }
}

function parseHistogram(lines: Lines): Histogram {
  for (const line of HEADER) lines.expect(line);
  const info = lines.take();
  if (!info.startsWith(TRIGGER_INFO)) throw lines.error(`expected the trigger, found ${quote(info)}`);
  const trigger = parseTrigger(info.slice(TRIGGER_INFO.length), lines.number);
  lines.expect('#');
  lines.expect('');
  const rows: HistRow[] = [];
  let counted = 0;
  for (let line = lines.take(); line !== ''; line = lines.take()) {
    const row = new RowReader(line, lines).read(trigger);
    counted += row.hitcount;
    rows.push(row);
  }
  lines.expect('Totals:');
  const hits = total(lines, 'Hits');
  if (counted > hits) throw lines.error(`Hits is ${hits}, but the rows add up to ${counted}`);
  // So the kernel prints a table whose entries it had no memory to sort.
  if (rows.length === 0 && hits > 0) throw lines.error(`Hits is ${hits}, but there are no rows`);
  const entries = total(lines, 'Entries');
  if (entries !== rows.length) throw lines.error(`Entries is ${entries}, but there are ${rows.length} rows`);
  return { trigger, rows, hits, dropped: total(lines, 'Dropped') };
}

function total(lines: Lines, name: string): number {
  const line = lines.take();
  const value = new RegExp(`^    ${name}: (\\d+)$`).exec(line)?.[1];
  if (value === undefined) throw lines.error(`expected ${name}, found ${quote(line)}`);
  return safe(BigInt(value), name, lines);
}

/** Reads one row from left to right; the trigger says which fields follow each other. */
class RowReader {
  #at = 0;

  constructor(
    private readonly line: string,
    private readonly lines: Lines,
  ) {}

  read({ keys, vals }: HistTrigger): HistRow {
    this.#skip('{ ');
    const keyValues = keys.map((key, i) => {
      const next = keys[i + 1];
      return this.#field(key, next ? `, ${next.name}: ` : ' } ', next ? ', ' : ' } ');
    });
    let hitcount: number | undefined;
    const sums: HistValue[] = [];
    vals.forEach((val, i) => {
      const next = vals[i + 1];
      const value = this.#field(val, next ? `  ${next.name}: ` : undefined, next ? '  ' : '');
      if (val.name !== 'hitcount') sums.push(value);
      else if (typeof value === 'bigint') hitcount = safe(value, 'hitcount', this.lines);
    });
    if (this.#at !== this.line.length) throw this.#error();
    if (hitcount === undefined) throw this.lines.error('the row has no hitcount');
    return { keys: keyValues, hitcount, sums };
  }

  /**
   * Reads a field. `before` is what follows the value if it is text: there is no other way to tell where such a value
   * ends.
   */
  #field(field: HistField, before: string | undefined, separator: string): HistValue {
    this.#skip(`${field.name}: `);
    const value = isNumber(field) ? this.#number(field.modifier) : this.#text(before);
    this.#skip(separator);
    return value;
  }

  #number(modifier: string | undefined): bigint {
    const pattern = NUMBERS[modifier === 'hex' || modifier === 'log2' ? modifier : 'decimal'];
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.line);
    const digits = found?.[1] ?? found?.[2];
    if (digits === undefined) throw this.#error();
    this.#at = pattern.lastIndex;
    const value = BigInt(modifier === 'hex' ? `0x${digits}` : digits);
    if (value > MAX_UINT64) throw this.lines.error(`${digits} exceeds 64 bits`);
    return value;
  }

  #text(before: string | undefined): string {
    const end = before === undefined ? this.line.length : this.line.indexOf(before, this.#at);
    if (end < 0) throw this.#error();
    const text = this.line.slice(this.#at, end).trim();
    this.#at = end;
    return text;
  }

  #skip(text: string): void {
    if (!this.line.startsWith(text, this.#at)) throw this.#error();
    this.#at += text.length;
  }

  #error(): HistError {
    return this.lines.error(`not a row of this histogram at column ${this.#at + 1}: ${quote(this.line)}`);
  }
}

function safe(value: bigint, name: string, lines: Lines): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw lines.error(`${name} is implausible: ${value}`);
  return Number(value);
}

function quote(line: string): string {
  return JSON.stringify(line.length > 80 ? `${line.slice(0, 80)}...` : line);
}
