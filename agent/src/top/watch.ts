/**
 * Source and ledger, as in `run`, for one who only watches: batches as they come, sent nowhere. `run` shares its parts
 * and not its loop: it also resumes, keeps state, tries failed readings again and ends with a last one.
 */
import { randomUUID } from 'node:crypto';
import type { Batch } from '@tcewatch/protocol';
import { buildBatch } from '../batch-builder.js';
import { advance } from '../ledger/advance.js';
import { snapshot } from '../ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../ledger/state.js';
import { AgentError } from '../errors.js';
import type { Source } from '../model.js';
import type { Pace } from '../clock.js';

export interface WatchOptions {
  pace: Pace;
  signal: AbortSignal;
  /** Time between readings; absent for a source that keeps its own time. */
  intervalMs?: number;
}

/**
 * Yields a batch for each reading, or the error of one that could not be had, until the source ends or the signal is
 * aborted. Throws AgentError when the source cannot be opened, or the first reading cannot be had.
 */
export async function* watch(source: Source, options: WatchOptions): AsyncGenerator<Batch | AgentError> {
  const { pace, signal, intervalMs } = options;
  const run = randomUUID();
  let ledger = emptyLedger();
  const beganMs = pace.now();
  // A source that keeps its own time waits inside `next`.
  if (intervalMs === undefined) signal.addEventListener('abort', () => void source.close());
  try {
    await source.open();
    for (let sequence = 1; !signal.aborted; sequence++) {
      const reading = await next(source, sequence === 1);
      if (reading === undefined) return;
      if (reading instanceof AgentError) yield reading;
      else {
        ledger = advance(ledger, reading, DEFAULT_CAPS);
        const intervalNs = BigInt(Math.round((intervalMs ?? 0) * 1e6));
        yield buildBatch({ reading, snapshot: snapshot(ledger), run, sequence, intervalNs });
      }
      if (intervalMs !== undefined) await pace.sleep(beganMs + sequence * intervalMs - pace.now(), signal);
    }
  } finally {
    await source.close();
  }
}

async function next(source: Source, isFirst: boolean) {
  try {
    return await source.next();
  } catch (error) {
    if (isFirst || !(error instanceof AgentError)) throw error;
    return error;
  }
}
