/**
 * Judges whether memory stayed flat, on the longest life of a process: its first third is warm-up (code is compiled,
 * caches fill); of the rest, the median of the second half may be above that of the first by a quarter and 32 MiB,
 * which a garbage collector may put off. Pure.
 */

export interface MemorySample {
  process: string;
  /** Which life of it. */
  life: number;
  /** The time since that life began. */
  ageMs: number;
  /** Resident. */
  bytes: number;
}

export interface MemoryVerdict {
  process: string;
  /** How long the life was that is judged. */
  livedMs: number;
  earlyBytes: number;
  lateBytes: number;
  mostBytes: number;
  isFlat: boolean;
}

const GROWTH = 1.25;
const SLACK_BYTES = 32 * 1024 * 1024;
/** The least number of samples: with fewer a median says nothing. */
const LEAST_SAMPLES = 12;

/** Judges memory; undefined where no life was long enough to tell. */
export function judgeMemory(samples: readonly MemorySample[]): MemoryVerdict | undefined {
  const longest = samples.reduce<MemorySample | undefined>((a, b) => (a && a.ageMs >= b.ageMs ? a : b), undefined);
  if (!longest) return undefined;
  const { process, life, ageMs: livedMs } = longest;
  const warm = samples.filter((s) => s.process === process && s.life === life && s.ageMs > livedMs / 3);
  if (warm.length < LEAST_SAMPLES) return undefined;
  const half = warm.length >> 1;
  const [early, late] = [warm.slice(0, half), warm.slice(half)].map((some) => median(some.map(({ bytes }) => bytes)));
  const [earlyBytes, lateBytes] = [early ?? NaN, late ?? NaN];
  return {
    process,
    livedMs,
    earlyBytes,
    lateBytes,
    mostBytes: Math.max(...samples.map(({ bytes }) => bytes)),
    isFlat: lateBytes <= earlyBytes * GROWTH + SLACK_BYTES,
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
}
