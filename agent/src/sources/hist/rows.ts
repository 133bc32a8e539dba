/** Parsing that all histograms of the `hist` source share: a text that holds one, and the labels of its rows. */
import { hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { HistError } from '../../tracefs/hist/trigger.js';
import { parseHist, pickHistogram } from '../../tracefs/hist/parse.js';
import type { HistValue, Histogram } from '../../tracefs/hist/parse.js';
import { AgentError } from '../../errors.js';

/** State of one of the histograms: how full it is. */
export interface HistTable {
  event: string;
  /** Entries that it has room for. */
  size: number;
  /** Thread of each entry. */
  tids: readonly number[];
  /** Number of calls that found no room. */
  dropped: number;
  isPaused: boolean;
}

/** Returns the one histogram of a text. Throws AgentError `hist-malformed` that names `where` it comes from. */
export function pick(text: string, keys: readonly string[], where: string): Histogram {
  try {
    return pickHistogram(parseHist(text), keys);
  } catch (error) {
    throw malformed(error, where);
  }
}

/** Turns a HistError into an AgentError that names `where` the text comes from. */
export function malformed(error: unknown, where: string): unknown {
  return error instanceof HistError
    ? new AgentError('hist-malformed', `${where}: ${error.message}`, { cause: error })
    : error;
}

/** Returns the state of a histogram whose first key is the thread. Throws HistError. */
export function tableOf({ trigger, rows, dropped }: Histogram, event: string): HistTable {
  const tids = rows.map(({ keys }) => tidOf(keys[0]));
  return { event, size: trigger.size, tids, dropped, isPaused: trigger.state === 'paused' };
}

/** Returns the thread id in a row. Throws HistError. */
export function tidOf(value: HistValue | undefined): number {
  const tid = u64(value, 'common_pid');
  if (tid > 0x7fff_ffffn) throw new HistError(undefined, `${tid} is no thread id`);
  return Number(tid);
}

/** Returns the hypercall in a row. Throws HistError. */
export function hypercallOf(value: HistValue | undefined): Hypercall {
  const opcode = u64(value, 'the hypercall');
  const name = hypercallName(Number(opcode));
  if (name === undefined) throw new HistError(undefined, `${opcode} is no TCE hypercall`);
  return name;
}

/** Returns a u64 in a row. Throws HistError. */
export function u64(value: HistValue | undefined, name: string): bigint {
  if (typeof value !== 'bigint') throw new HistError(undefined, `${name} is not given as a number`);
  return value;
}
