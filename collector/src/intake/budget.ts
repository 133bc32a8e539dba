/** Bytes of batches in flight: a bound on the memory that senders can make the collector use. */

export interface Budget {
  /** Takes the bytes if they are left, and says whether they were. */
  take(bytes: number): boolean;
  giveBack(bytes: number): void;
  inUse(): number;
}

export function createBudget(limit: number): Budget {
  let used = 0;
  return {
    take(bytes) {
      if (used + bytes > limit) return false;
      used += bytes;
      return true;
    },
    giveBack(bytes) {
      used -= bytes;
    },
    inUse: () => used,
  };
}
