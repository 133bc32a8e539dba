/** What all sources on a live host do alike: its facts, its clock, and a reading made of counts and a look at its VMs. */
import type { Clock } from '@tcewatch/protocol';
import { AgentError } from '../errors.js';
import type { Reading, VmSighting } from '../model.js';
import { NO_BOOT, readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { lookAt, problemsOf, text } from '../proc/root-reader.js';
import { uptimeNs } from '../proc/stat.js';
import { sightVms } from '../proc/vms.js';
import { hostOf, unattributedEvidenceOf } from './host-identity.js';
import type { SourceContext } from './entry.js';

/** What a source counted, and since when. */
export type Counted = Pick<
  Reading,
  'cells' | 'punts' | 'latencies' | 'accounts' | 'problems' | 'epoch' | 'epochBeganNs' | 'handover'
>;

/** The VMs as they were looked at, and what could not be read of them. */
export interface Sighted {
  /** Undefined when nobody can tell. */
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

  /** Throws AgentError `proc-unreadable`. */
  static async open(options: SourceContext, source: string): Promise<LiveHost> {
    const look = lookAt(options.root);
    const facts = await readHost(look);
    if (facts.bootId === NO_BOOT) throw withoutProc(options);
    return new LiveHost(options, source, facts, problemsOf(look));
  }

  clock(): Promise<Clock> {
    return readClock(this.options);
  }

  /** Looks at the VMs now. */
  async sight({ uptimeNs }: Clock): Promise<Sighted> {
    const look = lookAt(this.options.root);
    const vms = await sightVms(look, this.facts, uptimeNs);
    return { vms, problems: problemsOf(look) };
  }

  /** `clock` is when the counts were read; the VMs, where they are not given, are looked at now, after them. */
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

/** Both clocks of the host now. Throws AgentError `proc-unreadable`. */
export async function readClock(options: Pick<SourceContext, 'root' | 'now'>): Promise<Clock> {
  const uptime = uptimeNs((await text(lookAt(options.root), 'proc/uptime')) ?? '');
  if (uptime === undefined) throw withoutProc(options);
  return { wallNs: options.now(), uptimeNs: uptime };
}

function withoutProc({ root }: Pick<SourceContext, 'root'>): AgentError {
  return new AgentError(
    'proc-unreadable',
    `there is no /proc below ${root}: mount it there, or correct the setting root`,
  );
}
