/** Uptime to wall clock, by the pair of both that a batch carries. */
import type { Clock } from '@tcewatch/protocol';

/** When something was, in nanoseconds since 1970, that was at `uptimeNs` since boot. */
export function wallOf(uptimeNs: bigint, { wallNs, uptimeNs: nowNs }: Clock): bigint {
  return wallNs - (nowNs - uptimeNs);
}
