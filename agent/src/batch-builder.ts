/** Puts a reading and the ledger's counters of the same instant into a batch. */
import { BATCH_VERSION, DEFAULT_LIMITS } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { LedgerSnapshot } from './ledger/state.js';
import type { Reading } from './model.js';
import { printable } from './printable.js';

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
  /** W3C Trace Context of the reading; absent where it is not traced. */
  traceparent?: string | undefined;
}

/** Problems that a batch names at most; it gives the number of the others. */
const MAX_PROBLEMS = 32;

/**
 * Builds the batch of a reading. Takes the epoch from the ledger, which notices when the kernel state was replaced
 * although the source did not.
 */
export function buildBatch({ reading, snapshot, run, sequence, intervalNs, traceparent }: BatchParts): Batch {
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
    // Times that were reported before stand: a reading without any says nothing of them.
    ...(reading.latencies && { latencies: snapshot.latencies }),
    accounts: snapshot.accounts,
    problems: bounded(snapshot.problems),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Shortens problems, so that a reader never refuses a batch because of them. */
function bounded(problems: readonly string[]): string[] {
  const texts = problems.slice(0, MAX_PROBLEMS).map((text) => printable(text, DEFAULT_LIMITS.text));
  const more = problems.length - texts.length;
  return more > 0 ? [...texts, `and ${more} more problems`] : texts;
}
