/** Agents that are watched for silence, on hosts and in guests, and when they were last heard of. Pure. */
import type { Batch } from '@tcewatch/protocol';
import type { AlertEvent } from '../event.js';

/** Agent that is watched. Times in nanoseconds since 1970. */
export interface WatchedAgent {
  hostId: string;
  name: string;
  /** Time of the newest reading, on the host's clock. */
  readNs: bigint;
  /** Time of the newest batch, on the collector's clock; that of the restart where none has come since. */
  receivedNs: bigint;
  /** Time from which `forgetAfter` counts: receivedNs, or after a restart readNs. */
  sinceNs: bigint;
  /** 0 where it is not known. */
  intervalNs: bigint;
  /** The guest that it speaks for; null for a host. */
  guest: Guest | null;
  alert: AlertEvent | null;
}

interface Guest {
  /** Uuid in lower case; empty where it has none. */
  uuid: string;
  /** The host that was last seen to run it, and when, on the collector's clock. */
  runsOn: { hostId: string; seenNs: bigint } | null;
}

/** The source of agents in guests. */
const GUEST = 'guest';

export function refresh(known: WatchedAgent | undefined, batch: Batch, receivedNs: bigint): WatchedAgent {
  const { host, clock, intervalNs, vms } = batch;
  const uuid = vms.find((vm) => vm.uuid !== '')?.uuid.toLowerCase() ?? '';
  return {
    hostId: host.id,
    name: host.name,
    readNs: known && known.readNs > clock.wallNs ? known.readNs : clock.wallNs,
    receivedNs,
    sinceNs: receivedNs,
    intervalNs,
    guest: host.source === GUEST ? { uuid, runsOn: known?.guest?.runsOn ?? null } : null,
    alert: known?.alert ?? null,
  };
}
