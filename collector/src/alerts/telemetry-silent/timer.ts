/** Checks for silence from time to time, and passes on what it finds. */
import type { BaseLogger } from 'pino';
import type { Detector } from '../detector.js';
import type { AlertEvent } from '../event.js';
import type { Freshness, SilenceWatch } from './watch.js';

/** Milliseconds between two checks: by so much an alert may be late. */
const EVERY_MS = 10_000;

export interface SilenceSurroundings {
  silence: SilenceWatch;
  store: { freshness(): Promise<readonly Freshness[]> };
  detector: Pick<Detector, 'remove'>;
  /** Stores the events and tells of them. */
  raise: (events: readonly AlertEvent[]) => Promise<void>;
  log: BaseLogger;
  /** Nanoseconds since 1970. */
  now: () => bigint;
}

/** Checks once; never rejects. */
export async function checkSilence(surroundings: SilenceSurroundings): Promise<void> {
  const { silence, store, detector, raise, log, now } = surroundings;
  try {
    const { events, removed } = await silence.check(now(), () => store.freshness());
    for (const hostId of removed) log.info({ hostId }, 'a silent host is taken for removed: its alerts end');
    await raise([...events, ...removed.flatMap((hostId) => detector.remove(hostId))]);
  } catch (error) {
    log.error({ err: error }, 'could not look for silent hosts; the next look tries again');
  }
}

/** Checks until the returned function is called, which waits for a check that is under way. */
export function watchSilence(surroundings: SilenceSurroundings): () => Promise<void> {
  let checking: Promise<void> | undefined;
  const timer = setInterval(() => {
    checking ??= checkSilence(surroundings).finally(() => (checking = undefined));
  }, EVERY_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await checking;
  };
}
