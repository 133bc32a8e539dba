/** Times in nanoseconds since 1970: now, and as text. */

/** ISO 8601 in UTC, to the millisecond. */
export function isoTime(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

/** The inverse of {@link isoTime}, for what a Date can parse. */
export function nanoseconds(time: string): bigint {
  return BigInt(Date.parse(time)) * 1_000_000n;
}

/** Time on this machine's clock, in nanoseconds since 1970. */
export function wallClock(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
