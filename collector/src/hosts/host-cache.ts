/** What is remembered of hosts: bounded, since senders choose their names. */
import { LRUCache } from 'lru-cache';

/** Hosts that anything is remembered of. Past this number those that were silent for longest are forgotten. */
export const MAX_HOSTS = 50_000;

/** Creates a map by the ids of hosts. `set` makes a host the last that was heard of, and so does `get`; `peek` does not. */
export function hostCache<T extends object>(
  options: Omit<LRUCache.OptionsBase<string, T, unknown>, 'max'> & { max?: number } = {},
): LRUCache<string, T> {
  return new LRUCache<string, T>({ max: MAX_HOSTS, ...options });
}

/** Lists the hosts with their ids, those that were silent for longest first. */
export function silentFirst<T extends object>(cache: LRUCache<string, T>): [string, T][] {
  // A value is undefined while it is fetched, and none is.
  return [...cache.rentries()] as [string, T][];
}
