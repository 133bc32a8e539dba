/**
 * How long calls take: all events that it takes to tell, in an instance of their own. They are many, as exits come of every
 * hypercall of every guest; what is lost of them costs measurements, and never a count.
 */
import type { LatencyCell } from '../../model.js';
import { RingCounts } from './counts.js';
import { makeTimed, readTimedFormats, removeRing } from './instance.js';
import type { RingInstance, RingPlace } from './instance.js';
import { RingReader } from './reader.js';
import type { RingReaderOptions } from './reader.js';
import type { Tracefs } from '../../tracefs/tracefs.js';

export class RingTiming {
  private constructor(
    private readonly tracefs: Tracefs,
    private readonly instance: RingInstance,
    private readonly reader: RingReader,
    private readonly counts: RingCounts,
  ) {
    reader.start();
  }

  /** Begins at zero. Throws SourceError, or RingError for events that cannot be decoded. */
  static async open(place: RingPlace, number: bigint, options: RingReaderOptions): Promise<RingTiming> {
    const { tracefs } = place;
    const counts = new RingCounts(await readTimedFormats(place), 'all');
    // Then pages tell where events are missing, so that no call is paired with the exit of another.
    const shape = { ...options, overwrite: true };
    const instance = await makeTimed(place, number, shape);
    try {
      return new RingTiming(tracefs, instance, await RingReader.open([instance.directory], counts, shape), counts);
    } catch (error) {
      await removeRing([instance], tracefs);
      throw error;
    }
  }

  /** What was measured until now. Throws SourceError. */
  async latencies(): Promise<LatencyCell[]> {
    await this.reader.catchUp();
    return this.counts.latencies();
  }

  /** Threads have ended. */
  drop(tids: Iterable<number>): void {
    this.counts.drop(tids);
  }

  /** Nothing of it is gone on with. */
  async close(): Promise<void> {
    await this.reader.close();
    await removeRing([this.instance], this.tracefs);
  }
}
