/**
 * From the two histograms of the `hist` source to cells and accounts: `kvm_hcall_enter` keyed by thread, hypercall and
 * LIOBN, and `kvm_hcall_exit` keyed by thread and hypercall for calls that KVM handed to userspace (ret == 2, where GPR3
 * still holds the hypercall's number).
 */
import { hasOneEntry, hypercallName } from '@tcewatch/protocol';
import type { Account, Hypercall } from '@tcewatch/protocol';
import { HistError } from '../hist/error.js';
import { parseHist, pickHistogram } from '../hist/parse.js';
import type { HistValue, Histogram } from '../hist/parse.js';
import type { Cell } from '../model.js';
import { SourceError } from '../model.js';

export const ENTER_EVENT = 'kvm_hcall_enter';
export const EXIT_EVENT = 'kvm_hcall_exit';
export const ENTER_KEYS = ['common_pid', 'req', 'gpr4'] as const;
export const EXIT_KEYS = ['common_pid', 'hcall_rc'] as const;

export interface HistTexts {
  enter: string;
  exit: string;
}

export interface HistCounts {
  cells: Cell[];
  accounts: Account[];
  problems: string[];
}

/** Throws SourceError `hist-malformed` that names `where` the texts come from. */
export function countsOf({ enter, exit }: HistTexts, where: string): HistCounts {
  const entered = pick(enter, ENTER_KEYS, `${where}: ${ENTER_EVENT}`);
  const punted = pick(exit, EXIT_KEYS, `${where}: ${EXIT_EVENT}`);
  try {
    return {
      cells: [...enteredCells(entered), ...puntedCells(punted)],
      accounts: [
        { counter: 'entered', ...account(entered) },
        { counter: 'punted', ...account(punted) },
      ],
      problems: [...pausedProblem(entered, ENTER_EVENT), ...pausedProblem(punted, EXIT_EVENT)],
    };
  } catch (error) {
    throw malformed(error, where);
  }
}

function pick(text: string, keys: readonly string[], where: string): Histogram {
  try {
    return pickHistogram(parseHist(text), keys);
  } catch (error) {
    throw malformed(error, where);
  }
}

function malformed(error: unknown, where: string): unknown {
  return error instanceof HistError
    ? new SourceError('hist-malformed', `${where}: ${error.message}`, { cause: error })
    : error;
}

function enteredCells({ rows }: Histogram): Cell[] {
  return rows.map(({ keys, hitcount, sums }) => {
    const hypercall = hypercallOf(keys[1]);
    const cell: Cell = {
      counter: 'entered',
      tid: tidOf(keys[0]),
      hypercall,
      scope: 'one',
      liobn: u64(keys[2], 'gpr4'),
      calls: hitcount,
    };
    // GPR7 of the other two is whatever the guest had in it. Beyond 2^53 the number is no safe integer, which the ledger
    // takes for implausible.
    return hasOneEntry(hypercall) ? cell : { ...cell, entries: Number(u64(sums[0], 'the sum of gpr7')) };
  });
}

function puntedCells({ rows }: Histogram): Cell[] {
  return rows.map(({ keys, hitcount }) => ({
    counter: 'punted',
    tid: tidOf(keys[0]),
    hypercall: hypercallOf(keys[1]),
    scope: 'all',
    liobn: 0n,
    calls: hitcount,
  }));
}

/** What was dropped is not among the hits (__tracing_map_insert in kernel/trace/tracing_map.c). */
function account({ hits, dropped }: Histogram): Pick<Account, 'seen' | 'losses'> {
  return { seen: hits + dropped, losses: dropped > 0 ? [{ kind: 'table-full', events: dropped }] : [] };
}

function pausedProblem({ trigger }: Histogram, event: string): string[] {
  if (trigger.state === 'active') return [];
  return [`the hist trigger on ${event} is paused and counts nothing: somebody else wrote to it; restart the agent`];
}

function tidOf(value: HistValue | undefined): number {
  const tid = u64(value, 'common_pid');
  if (tid > 0x7fff_ffffn) throw new HistError(undefined, `${tid} is no thread id`);
  return Number(tid);
}

function hypercallOf(value: HistValue | undefined): Hypercall {
  const opcode = u64(value, 'the hypercall');
  const name = hypercallName(Number(opcode));
  if (name === undefined) throw new HistError(undefined, `${opcode} is no TCE hypercall`);
  return name;
}

function u64(value: HistValue | undefined, name: string): bigint {
  if (typeof value !== 'bigint') throw new HistError(undefined, `${name} is not given as a number`);
  return value;
}
