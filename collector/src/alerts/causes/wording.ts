/** What the causes of all alerts say alike. */
import type { Cause } from '../event.js';

/** A row of a table as the cause that an alert has. */
export function causeOf({ code, confidence, summary, advice }: Cause): Cause {
  return { code, confidence, summary, advice };
}

/** Made once: to make one takes longer than all else that an alert needs. */
const FORMAT = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 1 });

/** `1,234.5` */
export function formatNumber(value: number): string {
  return FORMAT.format(value);
}
