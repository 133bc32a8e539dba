/** Puts a reading and the ledger's counters of the same instant into a batch. */
import { BATCH_VERSION } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { LedgerSnapshot } from './ledger/state.js';
import type { Reading } from './model.js';

export interface BatchParts {
  reading: Reading;
  /** The ledger's snapshot after that reading. */
  snapshot: LedgerSnapshot;
  /** UUID text: one life of the agent's process. */
  run: string;
  /** Counts the run's readings from 1. */
  sequence: number;
  /** The time between readings that the agent is configured for, in nanoseconds. */
  intervalNs: bigint;
}

/** The epoch is the ledger's: it notices when the kernel state was replaced although the source did not. */
export function toBatch({ reading, snapshot, run, sequence, intervalNs }: BatchParts): Batch {
  return {
    version: BATCH_VERSION,
    host: reading.host,
    bootId: reading.bootId,
    epoch: snapshot.epoch,
    epochBeganNs: snapshot.epochBeganNs,
    run,
    sequence,
    clock: reading.clock,
    intervalNs,
    vms: snapshot.vms,
    series: snapshot.series,
    accounts: snapshot.accounts,
    problems: snapshot.problems,
  };
}
