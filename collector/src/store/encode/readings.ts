/** Series of a group of batches to a block of the table `readings`, without an object for each row. */
import type { Batch } from '@tcewatch/protocol';
import type { EncodedRows } from '../client.js';
import { nativeBlock } from './native-block.js';
import type { WrittenHost } from './change-filter.js';
import { uuidWords } from './row-buffer.js';
import { fits, layOut } from './series-layout.js';
import type { SeriesLayout } from './series-layout.js';

/** A batch and what is remembered of its host, which is undefined for a batch that is to be stored whole. */
export interface BatchToWrite {
  batch: Batch;
  known: WrittenHost | undefined;
}

/** Columns in the order in which they are encoded. */
const READINGS_COLUMNS = ['host', 'epoch', 'at', 'life', 'hypercall', 'counter', 'scope', 'liobn', 'value'] as const;

/** Names of types as the engine takes them; it makes the table's enumerations of the integers. */
const TYPES = {
  host: { type: 'LowCardinality(String)', width: 4 },
  epoch: { type: 'UUID', width: 16 },
  at: { type: "DateTime64(9, 'UTC')", width: 8 },
  life: { type: 'UUID', width: 16 },
  hypercall: { type: 'Int16', width: 2 },
  counter: { type: 'Int8', width: 1 },
  scope: { type: 'Int8', width: 1 },
  liobn: { type: 'UInt64', width: 8 },
  value: { type: 'UInt64', width: 8 },
} as const;

/** Rows of `readings`, sorted as the table is as far as that is cheap: by host, and by series within what was read of it. */
export class ReadingsBlock {
  rows = 0;
  readonly #hosts: string[] = [];
  readonly #columns;

  /** Makes room for so many rows; memory that is not written to costs nothing. */
  constructor(capacity: number) {
    this.#columns = {
      host: new Uint32Array(capacity),
      epoch: new Uint32Array(4 * capacity),
      at: new Uint32Array(2 * capacity),
      life: new Uint32Array(4 * capacity),
      hypercall: new Int16Array(capacity),
      counter: new Int8Array(capacity),
      scope: new Int8Array(capacity),
      liobn: new Uint32Array(2 * capacity),
      value: new Uint32Array(2 * capacity),
    };
  }

  /**
   * Readings of one host, of one epoch, that list the same series: a row for each value that is not the one before, series
   * by series.
   */
  add(batches: readonly Batch[], layout: SeriesLayout): void {
    const [first] = batches;
    if (!first) return;
    const columns = this.#columns;
    const host = this.#hostIndex(first.host.id);
    const epoch = uuidWords([first.epoch]);
    const at = new Uint32Array(BigInt64Array.from(batches, ({ clock }) => clock.wallNs).buffer);
    const values = batches.map(({ series }) => series.value);
    const { order, sent, series, lifeWords, liobnWords } = layout;
    let row = this.rows;
    for (const i of order) {
      const life = 4 * (series.vm[i] ?? 0);
      let last = sent[i] ?? NaN;
      for (let reading = 0; reading < values.length; reading++) {
        const calls = values[reading]?.[i] ?? 0;
        if (calls === last) continue;
        last = calls;
        columns.host[row] = host;
        copyWords(epoch, 0, columns.epoch, 4 * row, 4);
        copyWords(at, 2 * reading, columns.at, 2 * row, 2);
        copyWords(lifeWords, life, columns.life, 4 * row, 4);
        columns.hypercall[row] = series.hypercall[i] ?? 0;
        // Enumerators of the schema count from 1, as on the wire; columns index the vocabulary.
        columns.counter[row] = (series.counter[i] ?? 0) + 1;
        columns.scope[row] = (series.scope[i] ?? 0) + 1;
        copyWords(liobnWords, 2 * i, columns.liobn, 2 * row, 2);
        columns.value[2 * row] = calls;
        columns.value[2 * row + 1] = calls / 2 ** 32;
        row++;
      }
      sent[i] = last;
    }
    this.rows = row;
  }

  /**
   * Encodes the block as it is in memory: all platforms that Node runs a collector on are little endian, as the format
   * is.
   */
  encoded(): EncodedRows {
    const columns = READINGS_COLUMNS.map((name) => ({ name, ...TYPES[name], values: this.#columns[name] }));
    const parts = nativeBlock(columns, this.rows, { host: this.#hosts });
    return { columns: READINGS_COLUMNS, format: 'Native', parts };
  }

  #hostIndex(id: string): number {
    if (this.#hosts.at(-1) !== id) this.#hosts.push(id);
    return this.#hosts.length - 1;
  }
}

/**
 * Encodes and remembers rows for all that changed. Throws StoreError for a series of a VM that its batch does not have.
 */
export function encodeReadings(told: readonly BatchToWrite[]): ReadingsBlock {
  const block = new ReadingsBlock(told.reduce((sum, { batch }) => sum + batch.series.length, 0));
  const byHost = told.toSorted((a, b) => compare(a.batch.host.id, b.batch.host.id));
  let run: Batch[] = [];
  let layout: SeriesLayout | undefined;
  for (const [i, { batch, known }] of byHost.entries()) {
    const goesOn = layout !== undefined && known !== undefined && known === byHost[i - 1]?.known && fits(layout, batch);
    if (!goesOn) {
      if (layout) block.add(run, layout);
      run = [];
      layout = known?.layout && fits(known.layout, batch) ? known.layout : layOut(batch, known?.layout);
      if (known) known.layout = layout;
    }
    run.push(batch);
  }
  if (layout) block.add(run, layout);
  return block;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Faster than `set` of a part for so few. */
function copyWords(from: Uint32Array, at: number, into: Uint32Array, to: number, words: number): void {
  for (let word = 0; word < words; word++) into[to + word] = from[at + word] ?? 0;
}
