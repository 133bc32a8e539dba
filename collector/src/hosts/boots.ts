/** Order of a host's readings: by uptime, which never steps, wherever it can tell. Pure. */
import type { Batch } from '@tcewatch/protocol';

/** Boots of one host that are remembered: as many as late batches could come from. */
const BOOTS = 16;

/** The newest reading of one host. */
export interface Newest {
  /** Null when only its time is known, from before a restart of the collector. */
  last: { bootId: string; uptimeNs: bigint } | null;
  /** Time of the reading on the host's clock. */
  wallNs: bigint;
  /** Boots that batches came from, the newest last. */
  boots: readonly string[];
}

/**
 * Within one boot uptime tells. Of two boots the wall clock tells; one never heard of is taken for the newest even so, lest
 * a clock that was wrong before the boot silences the host after it.
 */
export function isNewer({ last, wallNs, boots }: Newest, { bootId, clock }: Batch): boolean {
  if (last?.bootId === bootId) return clock.uptimeNs > last.uptimeNs;
  return clock.wallNs > wallNs || (last !== null && !boots.includes(bootId));
}

/** Makes the batch the newest reading. */
export function newestOf(before: Newest | undefined, { bootId, clock }: Batch): Newest {
  const known = before?.boots ?? [];
  const boots = known.at(-1) === bootId ? known : [...known.filter((boot) => boot !== bootId), bootId].slice(-BOOTS);
  return { last: { bootId, uptimeNs: clock.uptimeNs }, wallNs: clock.wallNs, boots };
}
