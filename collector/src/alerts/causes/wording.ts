/** Wording that the causes of all alerts share. */
import type { Cause } from '../event.js';

/** Makes a row of a table the cause of an alert. */
export function causeOf({ code, confidence, summary, advice }: Cause): Cause {
  return { code, confidence, summary, advice };
}

/** Number format, made once: to make one takes longer than all else that an alert needs. */
const FORMAT = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** Formats a number: `1,234.5`. */
export function formatNumber(value: number): string {
  return FORMAT.format(value);
}
