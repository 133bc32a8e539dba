/** What the causes of all alerts say alike. */
import type { Cause } from '../../model.js';

/** A row of a table as the cause that an alert has. */
export function wordsOf({ code, confidence, summary, advice }: Cause): Cause {
  return { code, confidence, summary, advice };
}

/** `1,234.5` */
export function number(value: number): string {
  return value.toLocaleString('en-GB', { maximumFractionDigits: 1 });
}
