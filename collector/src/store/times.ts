/** Times in nanoseconds since 1970 and as ClickHouse reads them. */

const SECOND_NS = 1_000_000_000n;
/** Rollups hold their time as DateTime: 32 bits of seconds, which end in 2106. */
export const END_OF_TIME_NS = 2n ** 32n * SECOND_NS;

/** The nearest time that ClickHouse can hold. */
export function clampTime(ns: bigint): bigint {
  if (ns < 0n) return 0n;
  return ns < END_OF_TIME_NS ? ns : END_OF_TIME_NS - 1n;
}

/** `1700000000.000000001`: what a DateTime64(9) column takes as text. `ns` is not negative. */
export function formatTime(ns: bigint): string {
  return `${ns / SECOND_NS}.${String(ns % SECOND_NS).padStart(9, '0')}`;
}
