/**
 * The source `hist`: two histograms that the kernel keeps in a private tracefs instance. They are left there when the
 * source is closed, for the next agent to go on with.
 */
import { deriveId } from '@tcewatch/protocol';
import type { Clock } from '@tcewatch/protocol';
import { SourceError } from '../model.js';
import type { Reading, Source } from '../model.js';
import { NO_BOOT, readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { lookAt, problemsOf, text } from '../proc/look.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import { Counting } from './hist-counting.js';
import { refuseIfBlind } from './hist-obstacles.js';
import { hostOf, unattributedEvidenceOf } from './host.js';
import type { SourceOptions } from './options.js';
import { Tracefs } from './tracefs-files.js';
import type { TracefsFiles } from './tracefs-files.js';

/** `files` is given where no kernel is behind them. */
export function createHist(options: SourceOptions, files?: TracefsFiles): Source {
  return new Hist(options, new Tracefs(files));
}

/** What `open` found, until `close`. */
interface Opened {
  facts: HostFacts;
  counting: Counting;
  /** What of the host cannot be read. */
  problems: string[];
}

class Hist implements Source {
  readonly name = 'hist';
  #opened: Opened | undefined;

  constructor(
    private readonly options: SourceOptions,
    private readonly tracefs: Tracefs,
  ) {}

  async open(told?: string): Promise<void> {
    const { root, hist } = this.options;
    const look = lookAt(root);
    const facts = await readHost(look);
    if (facts.bootId === NO_BOOT) throw this.#withoutProc();
    await refuseIfBlind(root);
    const { uptimeNs } = await this.#clock();
    const counting = await Counting.open(
      { root, size: hist.size, tracefs: this.tracefs },
      uptimeNs,
      (madeNs) => epochOf(facts, madeNs) === told,
    );
    this.#opened = { facts, counting, problems: problemsOf(look) };
  }

  async next(): Promise<Reading | undefined> {
    if (!this.#opened) return undefined;
    const { facts, counting, problems } = this.#opened;
    const clock = await this.#clock();
    const counted = await counting.count(clock.uptimeNs);
    const look = lookAt(this.options.root);
    const vms = await sightVms(look, facts, clock.uptimeNs);
    const changes = await counting.keepRoom(clock.uptimeNs, vms);
    const { madeNs, cells, accounts, handover } = counted;
    return {
      clock,
      host: hostOf(facts, this.options, this.name, 'unnamed'),
      bootId: facts.bootId,
      epoch: epochOf(facts, madeNs),
      epochBeganNs: madeNs,
      cells: [...cells],
      accounts: [...accounts],
      vms,
      unattributedEvidence: unattributedEvidenceOf(facts),
      problems: [...problems, ...counted.problems, ...changes, ...problemsOf(look)],
      ...(handover && {
        handover: { epoch: epochOf(facts, handover.madeNs), cells: handover.cells, seen: handover.seen },
      }),
    };
  }

  async close(): Promise<void> {
    const { counting } = this.#opened ?? {};
    this.#opened = undefined;
    await counting?.close();
  }

  async #clock(): Promise<Clock> {
    const uptime = uptimeNs((await text(lookAt(this.options.root), 'proc/uptime')) ?? '');
    if (uptime === undefined) throw this.#withoutProc();
    return { wallNs: this.options.now(), uptimeNs: uptime };
  }

  #withoutProc(): SourceError {
    return new SourceError(
      'proc-unreadable',
      `there is no /proc below ${this.options.root}: mount it there, or correct the setting root`,
    );
  }
}

/** The instance bears its name for as long as the kernel counts in it, and so does its epoch. */
function epochOf({ bootId }: HostFacts, madeNs: bigint): string {
  return deriveId(bootId, 'hist', madeNs);
}
