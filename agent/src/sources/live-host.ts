/** A live host as all sources read it: its facts, its clock, and a reading made of counts and of its VMs. */
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import type { Reading, VmSighting } from '../model.js';
import { NO_BOOT, readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { openRoot, problemsOf, text } from '../proc/root-reader.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import { hostOf, unattributedEvidenceOf } from './host-identity.js';
import type { SourceContext } from './entry.js';

/** Counts of a source, and since when it counts. */
export type Counted = Pick<
  Reading,
  'cells' | 'punts' | 'latencies' | 'accounts' | 'problems' | 'epoch' | 'epochBeganNs' | 'handover'
>;

/** VMs of the host at one instant, and what could not be read of them. */
export interface Sighted {
  /** VMs that are alive; undefined when nobody can tell. */
  vms: VmSighting[] | undefined;
  problems: readonly string[];
}

export class LiveHost {
  private constructor(
    private readonly options: SourceContext,
    private readonly source: string,
    readonly facts: HostFacts,
    private readonly problems: readonly string[],
  ) {}

  /** Opens the host. Throws AgentError `proc-unreadable`. */
  static async open(options: SourceContext, source: string): Promise<LiveHost> {
    const reader = openRoot(options.root);
    const facts = await readHost(reader);
    if (facts.bootId === NO_BOOT) throw withoutProc(options);
    return new LiveHost(options, source, facts, problemsOf(reader));
  }

  clock(): Promise<Clock> {
    return readClock(this.options);
  }

  /** Reads the VMs now. */
  async sight({ uptimeNs }: Clock): Promise<Sighted> {
    const reader = openRoot(this.options.root);
    const vms = await sightVms(reader, this.facts, uptimeNs);
    return { vms, problems: problemsOf(reader) };
  }

  /**
   * Makes a reading. `clock` is when the counts were read; the VMs, where they are not given, are read now, after them.
   */
  async reading(clock: Clock, counted: Counted, given?: Sighted): Promise<Reading> {
    const { vms, problems } = given ?? (await this.sight(clock));
    return {
      ...counted,
      clock,
      host: hostOf(this.facts, this.options, this.source, 'unnamed'),
      bootId: this.facts.bootId,
      vms,
      unattributedEvidence: unattributedEvidenceOf(this.facts),
      problems: [...counted.problems, ...this.problems, ...problems],
    };
  }
}

/** Reads both clocks of the host. Throws AgentError `proc-unreadable`. */
export async function readClock(options: Pick<SourceContext, 'root' | 'now'>): Promise<Clock> {
  const uptime = uptimeNs((await text(openRoot(options.root), 'proc/uptime')) ?? '');
  if (uptime === undefined) throw withoutProc(options);
  return { wallNs: options.now(), uptimeNs: uptime };
}

function withoutProc({ root }: Pick<SourceContext, 'root'>): AgentError {
  return new AgentError(
    'proc-unreadable',
    `there is no /proc below ${root}: mount it there, or correct the setting root`,
  );
}
