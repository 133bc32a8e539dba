/**
 * Cells and accounts from the two histograms of the `hist` source: `kvm_hcall_enter` keyed by thread, hypercall and
 * LIOBN, and `kvm_hcall_exit` keyed by thread and hypercall for calls that KVM handed to userspace (ret == 2, where
 * GPR3 still holds the hypercall's number).
 */
import { hasOneEntry } from '@tcewatch/protocol';
import type { Account } from '@tcewatch/protocol';
import type { Histogram } from '../../tracefs/hist/parse.js';
import type { Cell } from '../../model.js';
import type { EnterScope } from './plan.js';
import { hypercallOf, malformed, pick, tableOf, tidOf, u64 } from './rows.js';
import type { HistTable } from './rows.js';

export const ENTER_EVENT = 'kvm_hcall_enter';
export const EXIT_EVENT = 'kvm_hcall_exit';
export const EXIT_KEYS = ['common_pid', 'hcall_rc'] as const;

/** Returns the keys of the calls that enter: thread, hypercall and, unless all are counted together, LIOBN. */
export function enterKeys(scope: EnterScope): readonly string[] {
  return scope === 'one' ? ['common_pid', 'req', 'gpr4'] : ['common_pid', 'req'];
}

export interface HistTexts {
  enter: string;
  exit: string;
}

export interface HistCounts {
  cells: Cell[];
  accounts: Account[];
  /** Tables of the calls that enter, and of those that are punted. */
  tables: [HistTable, HistTable];
}

/**
 * Parses both histograms. `scope`: how the calls that enter are keyed. Throws AgentError `hist-malformed` that names
 * `where` the texts come from.
 */
export function countsOf({ enter, exit }: HistTexts, where: string, scope: EnterScope = 'one'): HistCounts {
  const entered = pick(enter, enterKeys(scope), `${where}: ${ENTER_EVENT}`);
  const punted = pick(exit, EXIT_KEYS, `${where}: ${EXIT_EVENT}`);
  try {
    return {
      cells: [...enteredCells(entered), ...puntedCells(punted)],
      accounts: [
        { counter: 'entered', ...account(entered) },
        { counter: 'punted', ...account(punted) },
      ],
      tables: [tableOf(entered, ENTER_EVENT), tableOf(punted, EXIT_EVENT)],
    };
  } catch (error) {
    throw malformed(error, where);
  }
}

function enteredCells({ rows }: Histogram): Cell[] {
  return rows.map(({ keys, hitcount, sums }) => {
    const hypercall = hypercallOf(keys[1]);
    const cell: Cell = {
      counter: 'entered',
      tid: tidOf(keys[0]),
      hypercall,
      ...(keys.length === 2 ? { scope: 'all', liobn: 0n } : { scope: 'one', liobn: u64(keys[2], 'gpr4') }),
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

/**
 * Returns the account of a histogram. Dropped events are not among the hits (__tracing_map_insert in
 * kernel/trace/tracing_map.c).
 */
function account({ hits, dropped }: Histogram): Pick<Account, 'seen' | 'losses'> {
  return { seen: hits + dropped, losses: dropped > 0 ? [{ kind: 'table-full', events: dropped }] : [] };
}
