/** What was seen of a VM's descriptors over time, kept so that a change can still be told of when punts begin later. */
import type { Batch, Vm } from '@tcewatch/protocol';
import type { AlertEvidence, SeenDescriptors } from '../model.js';
import { wallOf } from './clock.js';

/** The newest descriptors, and the newest that differ from them. */
export interface Sightings {
  newest: SeenDescriptors | null;
  earlier: SeenDescriptors | null;
  /** Uptime at which the newest were read: batches tell of one look until there is another. */
  observedNs: bigint | null;
}

export const NOTHING_SEEN: Readonly<Sightings> = { newest: null, earlier: null, observedNs: null };

/** Adds what a batch shows of a VM. */
export function look(seen: Readonly<Sightings>, vm: Vm, batch: Batch): Sightings {
  const { facts } = vm;
  if (!facts?.descriptors || facts.observedNs === seen.observedNs) return seen;
  const now = { ...facts.descriptors, observedAtNs: wallOf(facts.observedNs, batch.clock) };
  const earlier = same(seen.newest, now) ? seen.earlier : seen.newest;
  return { newest: now, earlier, observedNs: facts.observedNs };
}

/** The evidence for a cause: the newest of what was seen until the punts began that differs from what is seen now. */
export function beforeAndAfter(
  untilPunts: Readonly<Sightings>,
  now: Readonly<Sightings>,
): Pick<AlertEvidence, 'before' | 'after'> {
  const { newest, earlier } = untilPunts;
  return { before: same(newest, now.newest) ? (earlier ?? newest) : newest, after: now.newest };
}

function same(a: SeenDescriptors | null, b: SeenDescriptors | null): boolean {
  return a?.tceTables === b?.tceTables && a?.vfioGroups.join() === b?.vfioGroups.join();
}
