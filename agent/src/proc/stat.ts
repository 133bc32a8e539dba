/** Reads /proc/<pid>/stat and /proc/uptime. */

/** Nanoseconds of one tick: the kernel gives times to userspace in USER_HZ = 100 (include/asm-generic/param.h). */
const TICK_NS = 10_000_000n;

/** Returns when the process or thread started, in nanoseconds since boot; undefined for what is no stat file. */
export function startedNs(stat: string): bigint | undefined {
  // The name of the program is in parentheses and may itself hold spaces and parentheses.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  // Field 22, starttime; the first after the name is field 3.
  const ticks = fields[19];
  return ticks !== undefined && /^\d+$/.test(ticks) ? BigInt(ticks) * TICK_NS : undefined;
}

/** Converts decimal seconds to nanoseconds, exactly; undefined for what is no such number. */
export function secondsToNs(seconds: string): bigint | undefined {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(seconds);
  if (!match) return undefined;
  return BigInt(match[1] ?? '') * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/** Returns the first number of /proc/uptime, in nanoseconds. */
export function uptimeNs(uptime: string): bigint | undefined {
  return secondsToNs(uptime.split(' ')[0] ?? '');
}
