/**
 * Why an alert fires: tables of causes as data, and what is known as sentences. Pure. A cause is the first of its table
 * for which all the evidence that it needs is there, so each table goes from the most to the least telling.
 */
import type { Cause } from '../event.js';
import type { AlertName } from '../table.js';
import { FALLBACK_CAUSES } from './fallback.js';
import type { FallbackCause } from './fallback.js';
import { factsOf } from './facts.js';
import { DUPLICATE_CAUSES, INCOMPLETE_CAUSES, SILENCE_CAUSES } from './hosts.js';
import { CONDITIONS } from './conditions.js';
import type { FallbackEvidence } from './conditions.js';
import { causeOf } from './wording.js';

export { duplicateCause, incompleteCause, silentCause } from './hosts.js';
export type { Incompleteness, Silence } from './hosts.js';
export type { FallbackEvidence } from './conditions.js';

/** A cause, and in words what it is known by. */
export interface CauseRow extends Cause {
  knownBy: string;
}

const FALLBACK: readonly CauseRow[] = FALLBACK_CAUSES.map((row: FallbackCause) => ({
  ...causeOf(row),
  knownBy: row.needs.map((name) => CONDITIONS[name].says).join(', and ') || 'none of the above',
}));

/** Every cause that an alert can have, in the order of its table; each has a section in the alert's runbook. */
export const CAUSES: Readonly<Record<AlertName, readonly CauseRow[]>> = {
  TceAccelerationLost: FALLBACK,
  TceNeverAccelerated: FALLBACK,
  TceTelemetrySilent: SILENCE_CAUSES.map((row) => ({ ...causeOf(row), knownBy: row.says })),
  TceCountsIncomplete: INCOMPLETE_CAUSES.map((row) => ({ ...causeOf(row), knownBy: row.says })),
  TceDuplicateIdentity: DUPLICATE_CAUSES.map((row) => ({ ...causeOf(row), knownBy: row.says })),
};

/** Cause of an alert, and all that is known of it, the most telling first. */
export interface Explanation {
  cause: Cause;
  facts: string[];
}

/** Explains why hypercalls of a VM go to userspace. */
export function explain(known: FallbackEvidence): Explanation {
  return tell(known, fallbackCause(known));
}

/** Explains a fallback again, where the cause tells more than the one with the code `than`; else null. */
export function explainSharper(known: FallbackEvidence, than: string): Explanation | null {
  const row = fallbackCause(known);
  return isSharper(row.code, than) ? tell(known, row) : null;
}

function fallbackCause(known: FallbackEvidence): FallbackCause {
  const row = FALLBACK_CAUSES.find(({ needs }: FallbackCause) => needs.every((name) => CONDITIONS[name].holds(known)));
  if (!row) throw new RangeError('the last cause needs nothing');
  return row;
}

function tell(known: FallbackEvidence, row: FallbackCause): Explanation {
  return { cause: causeOf(row), facts: factsOf(known, row.tells) };
}

/** The tables whose order says what tells more; kinds of losses and of claimants tell alike. */
const ORDERED = [CAUSES.TceAccelerationLost, CAUSES.TceTelemetrySilent];

/** Whether a cause tells more than another of the same alert. A code that is in no table tells as little as the last. */
export function isSharper(code: string, than: string): boolean {
  return ORDERED.some((rows) => rankIn(rows, code) < rankIn(rows, than));
}

function rankIn(rows: readonly CauseRow[], code: string): number {
  const rank = rows.findIndex((row) => row.code === code);
  return rank < 0 ? rows.length - 1 : rank;
}
