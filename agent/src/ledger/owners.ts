/** Owners of threads: what is seen now takes precedence over what was seen earlier. */
import type { VmSighting } from '../model.js';
import type { Owner, VmState } from './state.js';

/**
 * Returns owners by thread id after the given sightings. A thread that no VM shows any more stays with its last owner,
 * since the kernel keeps what it counted. Where two VMs show the same id, the thread that started last is the one that
 * lives.
 */
export function ownersAfter(
  known: ReadonlyMap<number, Owner>,
  sightings: readonly VmSighting[] | undefined,
): Map<number, Owner> {
  const seen = new Map<number, Owner>();
  for (const { life, threads } of sightings ?? []) {
    for (const { tid, startedNs } of threads) {
      const other = seen.get(tid);
      if (!other || other.startedNs < startedNs) seen.set(tid, { life, startedNs });
    }
  }
  return new Map([...known, ...seen]);
}

/**
 * Returns the owners that later readings can ask for: of threads that are alive, and of dead ones that the kernel has
 * counted. Beyond the cap those are kept that have counts; `dropped` is the number of the others.
 */
export function rememberOwners(
  owners: ReadonlyMap<number, Owner>,
  sightings: readonly VmSighting[] | undefined,
  counted: ReadonlySet<number>,
  cap: number,
): { owners: ReadonlyMap<number, Owner>; dropped: number } {
  const alive = new Set(sightings?.flatMap(({ threads }) => threads.map(({ tid }) => tid)));
  const all = [...owners].filter(([tid]) => sightings === undefined || alive.has(tid) || counted.has(tid));
  if (all.length > cap) all.sort(([a], [b]) => Number(counted.has(b)) - Number(counted.has(a)));
  return { owners: new Map(all.slice(0, cap)), dropped: Math.max(0, all.length - cap) };
}

/**
 * Returns the owners of threads at the start of an epoch: the dead have no counts, so only threads of VMs that were
 * alive.
 */
export function livingOwners(
  owners: ReadonlyMap<number, Owner>,
  vms: ReadonlyMap<string, VmState>,
): ReadonlyMap<number, Owner> {
  return new Map([...owners].filter(([, { life }]) => vms.get(life)?.alive !== false));
}
