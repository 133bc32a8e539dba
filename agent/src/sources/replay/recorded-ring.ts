/**
 * The ring buffer of a recording, decoded as a live one is: `ring/per_cpu` as it was read, and the formats from the
 * first tree of the host. Enters and exits are in one buffer.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reading } from '../../model.js';
import { AgentError } from '../../errors.js';
import { RingError } from '../../ring/decode/error.js';
import { parseFormat } from '../../ring/decode/format.js';
import type { RingMerge } from '../../ring/decode/merge.js';
import { ENTER_EVENT, EXIT_EVENT } from '../hist/counts.js';
import { ringPath, treeNames, treePath } from './layout.js';
import { unreadable } from './recording.js';
import { openBuffer } from '../../ring/buffer.js';
import type { RingBuffer } from '../../ring/buffer.js';
import { RING_COUNTERS, RingCounts, accountsOf, tallyOf } from '../../ring/counts.js';
import type { RingTally } from '../../ring/counts.js';

const EVENTS = 'sys/kernel/tracing/events';
/** Event of a thread that comes back into KVM_RUN, which ends the round trip of a punted call. */
const RUN_EVENT = 'kvmppc_run_vcpu_enter';

export class RecordedRing {
  private readonly counts: RingCounts;
  private readonly merge: RingMerge;

  private constructor(
    readonly directory: string,
    private readonly buffer: RingBuffer,
    formats: ConstructorParameters<typeof RingCounts>[0],
    /** Lost events of both kinds together. */
    private readonly lost: Pick<RingTally, 'overwritten' | 'dropped'>,
  ) {
    this.counts = new RingCounts(formats, 'all');
    this.merge = this.counts.merge(buffer.layout, buffer.cpus);
  }

  /**
   * Opens the ring; `recording` is its directory. Throws AgentError `recording-unreadable` or `recording-malformed`.
   */
  static async open(recording: string): Promise<RecordedRing> {
    const directory = ringPath(recording);
    try {
      const [tree = ''] = treeNames(await readdir(recording));
      const events = join(treePath(recording, tree), EVENTS);
      const format = async (event: string) =>
        parseFormat(await readFile(join(events, 'kvm_hv', event, 'format'), 'utf8'));
      const formats = {
        kvm_hcall_enter: await format(ENTER_EVENT),
        kvm_hcall_exit: await format(EXIT_EVENT),
        kvmppc_run_vcpu_enter: await format(RUN_EVENT),
      };
      const buffer = await openBuffer(directory, events);
      return new RecordedRing(
        directory,
        buffer,
        formats,
        tallyOf(
          [],
          buffer.cpus.map((cpu) => cpu.stats()),
        ),
      );
    } catch (error) {
      if (!(error instanceof RingError)) throw unreadable(error, directory);
      throw new AgentError('recording-malformed', `${directory}: ${error.message}`, { cause: error });
    }
  }

  /** Counts the events up to a time in ns of the ring's clock; to be asked for ever later times. */
  until(ns: number): Pick<Reading, 'cells' | 'latencies' | 'accounts' | 'problems'> {
    this.merge.drain(ns);
    const { events } = this.counts;
    const { overwritten, dropped } = this.lost;
    const tallies = RING_COUNTERS.map((counter) => ({ events: events[counter], overwritten, dropped }));
    const lost = overwritten + dropped;
    const unsure = `of ${lost} events that the ring lost nobody can tell which counter they are of: each has them all`;
    return {
      cells: this.counts.cells(),
      latencies: this.counts.latencies(),
      accounts: accountsOf(tallies),
      problems: [...this.counts.problems, ...(lost > 0 ? [unsure] : [])],
    };
  }

  close(): Promise<void> {
    return this.buffer.close();
  }
}
