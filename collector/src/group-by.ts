/** Groups items in one pass, as `Map.groupBy` does from Node 21 on; Node 20 is to be served. */

/** Maps each key to its items, both in the order in which they are first met. */
export function groupBy<Item, Key>(items: Iterable<Item>, key: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const own = groups.get(key(item));
    if (own) own.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
