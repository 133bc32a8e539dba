/** Checks that every decoded value passes; each throws a BatchError that names the field. */
import { BatchError } from './errors.js';
import { idFromBytes } from './ids.js';
import type { BatchLimits } from './limits.js';

/** Gives the text if it is within the limit and holds no control characters. */
export function checkText(text: string, field: string, limits: Readonly<BatchLimits>): string {
  if (text.length > limits.text) {
    throw new BatchError('too-large', field, `has ${text.length} characters, the limit is ${limits.text}`);
  }
  // Names come from guests' and users' command lines and end in logs and on terminals.
  if (/\p{Cc}/u.test(text)) throw new BatchError('invalid', field, 'contains control characters');
  return text;
}

/** Passes when the list is within the limit. */
export function checkList(list: readonly unknown[], field: string, limits: Readonly<BatchLimits>): void {
  if (list.length > limits.list) {
    throw new BatchError('too-large', field, `has ${list.length} elements, the limit is ${limits.list}`);
  }
}

/** Gives a counter as a number; all that travel are at most 2^53 - 1. */
export function safeNumber(value: bigint, field: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new BatchError('invalid', field, `${value} exceeds 2^53 - 1`);
  return Number(value);
}

/** Reads sixteen bytes as UUID text. */
export function readId(bytes: Uint8Array, field: string): string {
  if (bytes.length !== 16) throw new BatchError('invalid', field, `has ${bytes.length} bytes instead of 16`);
  return idFromBytes(bytes);
}
