/** Records of Kafka to batches, each decoded on its own, so that a poisoned one stops no other. Pure. */
import type { ConsumedRecord } from '@tcewatch/kafka';
import { BatchError, continueTrace, decodeBatch } from '@tcewatch/protocol';
import type { Batch, BatchLimits } from '@tcewatch/protocol';
import type { ErrorCode } from '../../errors.js';

/** Reason why a record can never be taken. */
export interface Poison {
  code: ErrorCode;
  message: string;
  /** Field of the batch, where one is to blame. */
  field?: string;
}

/** A record that can never be taken, and why. */
export interface DeadLetter {
  record: ConsumedRecord;
  poison: Poison;
}

export interface DecodedRecord {
  record: ConsumedRecord;
  batch: Batch;
}

/** `check` throws {@link BatchError} for a batch that is well formed but can never be stored. */
export function decodeRecords(
  records: readonly ConsumedRecord[],
  limits: Readonly<BatchLimits>,
  check: (batch: Batch) => void,
): { decoded: DecodedRecord[]; dead: DeadLetter[] } {
  const decoded: DecodedRecord[] = [];
  const dead: DeadLetter[] = [];
  for (const record of records) {
    try {
      if (!record.value) throw new BatchError('malformed', 'record', 'has no value');
      const batch = decodeBatch(record.value, limits);
      check(batch);
      const traceparent = Buffer.from(record.headers['traceparent'] ?? []).toString('latin1');
      decoded.push({ record, batch: continueTrace(batch, traceparent) });
    } catch (error) {
      dead.push({ record, poison: poisonOf(error) });
    }
  }
  return { decoded, dead };
}

/** Throws what is not the fault of the record. */
export function poisonOf(error: unknown): Poison {
  if (!(error instanceof BatchError)) throw error;
  const { code, field, message } = error;
  return { code, field, message };
}
