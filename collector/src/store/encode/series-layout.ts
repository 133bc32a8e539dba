/**
 * The series of a host as its newest batch lists them: in which order their rows are sorted as the table sorts them, and
 * the last value of each that ClickHouse was sent. Readings of a host list the same series again and again, so that what is
 * worked out once serves until one comes or goes.
 */
import { COUNTERS, HYPERCALL_NAMES, SCOPES } from '@tcewatch/protocol';
import type { Batch, Series } from '@tcewatch/protocol';
import { StoreError } from '../../model.js';
import { HYPERCALL_INDEX } from './heads.js';
import { uuidWords } from './row-buffer.js';

export interface SeriesLayout {
  /** Lives of the VMs, in the order of the batch. */
  readonly lives: readonly string[];
  /** Four words for each life. */
  readonly lifeWords: Uint32Array;
  readonly series: Series;
  /** Two words for each LIOBN, the low one first: reading a BigUint64Array makes an object each time. */
  readonly liobnWords: Uint32Array;
  /** Indices of the series in the order of (life, hypercall, counter, scope, LIOBN). */
  readonly order: Uint32Array;
  /** Value of each series that was sent last; NaN before that. */
  readonly sent: Float64Array;
}

/** Counter, hypercall and scope of a series as one number below this. */
const KINDS = 128;
/** A LIOBN below this fits into a double together with the kind of its series. */
const HIGH_WORD = 2 ** (53 - 7 - 32);

/**
 * Works out the layout of a batch, with what `before` knows of the same series; throws StoreError for a series of a VM
 * that the batch does not have.
 */
export function layOut(batch: Batch, before?: SeriesLayout): SeriesLayout {
  const { series, host } = batch;
  const lives = batch.vms.map(({ life }) => life);
  const stray = series.vm.findIndex((vm) => vm >= lives.length);
  if (stray !== -1) {
    const vm = series.vm[stray] ?? 0;
    throw new StoreError(`series ${stray} of host ${host.id} names VM ${vm}, which the batch has not`, false);
  }
  const { buffer, byteOffset } = series.liobn;
  const liobnWords = new Uint32Array(buffer, byteOffset, series.length * 2);
  const lifeWords = uuidWords(lives);
  const layout = { lives, lifeWords, series, liobnWords, sent: new Float64Array(series.length).fill(NaN) };
  if (before) carryOver(before, layout);
  return { ...layout, order: sortedOrder(layout) };
}

/** Whether the batch lists the same series of the same lives in the same order. */
export function fits({ lives, series }: SeriesLayout, batch: Batch): boolean {
  const other = batch.series;
  return (
    series.length === other.length &&
    lives.length === batch.vms.length &&
    batch.vms.every(({ life }, i) => life === lives[i]) &&
    (['vm', 'counter', 'hypercall', 'scope', 'liobn'] as const).every((column) =>
      sameBytes(series[column], other[column]),
    )
  );
}

function sameBytes(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return Buffer.from(a.buffer, a.byteOffset, a.byteLength).equals(Buffer.from(b.buffer, b.byteOffset, b.byteLength));
}

type Unsorted = Omit<SeriesLayout, 'order'>;

/**
 * Sorts as the engine does: UUIDs by their second half first. Past 2^53 LIOBNs may be out of order, which the engine
 * mends.
 */
function sortedOrder({ lives, series, liobnWords }: Unsorted): Uint32Array {
  const halves = lives.map((life, vm) => ({ vm, text: life.slice(19) + life.slice(0, 18) }));
  const rank = new Uint32Array(lives.length);
  halves.sort((a, b) => (a.text < b.text ? -1 : 1)).forEach(({ vm }, i) => (rank[vm] = i));
  const { vm, hypercall, counter, scope } = series;
  const liobn = (i: number): number => (liobnWords[2 * i + 1] ?? 0) * 2 ** 32 + (liobnWords[2 * i] ?? 0);
  const order = Uint32Array.from({ length: series.length }, (_, i) => i);
  return order.sort(
    (a, b) =>
      (rank[vm[a] ?? 0] ?? 0) - (rank[vm[b] ?? 0] ?? 0) ||
      (hypercall[a] ?? 0) - (hypercall[b] ?? 0) ||
      (counter[a] ?? 0) - (counter[b] ?? 0) ||
      (scope[a] ?? 0) - (scope[b] ?? 0) ||
      liobn(a) - liobn(b),
  );
}

function carryOver(before: Unsorted, now: Unsorted): void {
  const known = new Map<string, Map<number | bigint, number>>(before.lives.map((life) => [life, new Map()]));
  const ofVm = before.lives.map((life) => known.get(life));
  const { vm } = before.series;
  for (let i = 0; i < before.series.length; i++) ofVm[vm[i] ?? 0]?.set(keyOf(before, i), before.sent[i] ?? NaN);
  const toVm = now.lives.map((life) => known.get(life));
  for (let i = 0; i < now.series.length; i++) {
    now.sent[i] = toVm[now.series.vm[i] ?? 0]?.get(keyOf(now, i)) ?? NaN;
  }
}

/** Key of a series within its life. */
function keyOf({ series, liobnWords }: Unsorted, i: number): number | bigint {
  const opcode = HYPERCALL_INDEX.get(series.hypercall[i] ?? 0) ?? HYPERCALL_NAMES.length;
  const kind = (opcode * COUNTERS.length + (series.counter[i] ?? 0)) * SCOPES.length + (series.scope[i] ?? 0);
  const high = liobnWords[2 * i + 1] ?? 0;
  if (high < HIGH_WORD) return (high * 2 ** 32 + (liobnWords[2 * i] ?? 0)) * KINDS + kind;
  return (series.liobn[i] ?? 0n) * BigInt(KINDS) + BigInt(kind);
}
