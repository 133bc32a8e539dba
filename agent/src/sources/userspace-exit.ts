/**
 * The source `userspace-exit`, for KVM PR, which has no hypercall events: counts how often each thread returned to QEMU
 * with a hypercall of any kind. At most so many TCE hypercalls of each kind went to userspace.
 */
import { HYPERCALL_NAMES, deriveId } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { HistError } from '../tracefs/hist/trigger.js';
import { parseHist, pickHistogram } from '../tracefs/hist/parse.js';
import { AgentError } from '../errors.js';
import type { Cell, Reading, Source } from '../model.js';
import { LiveHost } from './live-host.js';
import { assertCanTrace } from './preflight.js';
import { defineSource } from './entry.js';
import type { SourceContext } from './entry.js';
import { histSettings } from './settings.js';
import type { HistSettings } from './settings.js';
import { openInstance, readHist } from '../tracefs/instances.js';
import type { InstanceSpec, OpenedInstance } from '../tracefs/instances.js';
import { Tracefs } from '../tracefs/tracefs.js';
import type { TracefsFiles } from '../tracefs/tracefs.js';
import type { TriggerSpec } from '../tracefs/triggers.js';

/**
 * Trigger on returns to QEMU. KVM_EXIT_PAPR_HCALL is 19 (include/uapi/linux/kvm.h); after an error the reason is that
 * of an earlier exit.
 */
const EXIT: TriggerSpec = {
  system: 'kvm',
  event: 'kvm_userspace_exit',
  keys: ['common_pid', 'reason'],
  sums: [],
  filter: 'reason==19&&errno>=0',
};

export const USERSPACE_EXIT: InstanceSpec = {
  prefix: 'tcewatch-userspace-exit',
  triggers: [EXIT],
  withoutEvents: {
    code: 'kvm-not-loaded',
    message: 'load the module of KVM with "modprobe kvm_pr" or "modprobe kvm_hv"',
  },
};

type UserspaceExitOptions = SourceContext & { hist: HistSettings };

export const userspaceExit = defineSource({
  settings: { hist: histSettings },
  isLive: true,
  doctor: [
    {
      name: 'userspace-exit',
      gives: 'an upper bound of what goes to userspace; for KVM PR',
      needs: ['proc', 'tracefs', 'lockdown', 'hist-triggers', 'userspace-exit-event', 'pid-namespace'],
    },
  ],
  create: (options) => createUserspaceExit(options),
});

/** Creates the source; `files` is given where no kernel is behind them. */
export function createUserspaceExit(options: UserspaceExitOptions, files?: TracefsFiles): Source {
  return new UserspaceExit(options, new Tracefs(files, USERSPACE_EXIT.withoutEvents));
}

class UserspaceExit implements Source {
  readonly name = 'userspace-exit';
  #counting: (OpenedInstance & { host: LiveHost }) | undefined;

  constructor(
    private readonly options: UserspaceExitOptions,
    private readonly tracefs: Tracefs,
  ) {}

  async open(): Promise<void> {
    const { root, hist } = this.options;
    const host = await LiveHost.open(this.options, this.name);
    await assertCanTrace(root);
    const { uptimeNs: nowNs } = await host.clock();
    const options = { tracefs: this.tracefs, root, kinds: [USERSPACE_EXIT] as const, size: hist.size, nowNs };
    this.#counting = { host, ...(await openInstance(options, ({ size }) => size === hist.size)) };
  }

  async next(): Promise<Reading | undefined> {
    if (!this.#counting) return undefined;
    const { host, instance, problems } = this.#counting;
    const clock = await host.clock();
    const counted = countsOfExits(await readHist(this.tracefs, instance.directory, EXIT), instance.directory);
    const reading = await host.reading(clock, {
      ...counted,
      // Hypercalls of all kinds are no account of the four.
      accounts: [],
      epoch: deriveId(host.facts.bootId, 'userspace-exit', instance.madeNs),
      epochBeganNs: instance.madeNs,
      problems: [...problems, ...counted.problems],
    });
    return {
      ...reading,
      vms: reading.vms?.map((vm) => ({ ...vm, evidence: upperBound(vm.evidence) })),
      unattributedEvidence: upperBound(reading.unattributedEvidence),
    };
  }

  async close(): Promise<void> {
    const counting = this.#counting;
    this.#counting = undefined;
    await counting?.instance.hold.close();
  }
}

/**
 * Returns the evidence that this source can give of the modes; of real mode, what the kernel and the guest say anyhow.
 */
function upperBound(evidence: readonly ModeEvidence[]): ModeEvidence[] {
  return [
    ...evidence.filter(({ mode }) => mode === 'real'),
    { mode: 'virtual', evidence: 'unobservable', reason: 'kvm-pr' },
    { mode: 'userspace', evidence: 'upper-bound', reason: 'all-hypercalls-counted' },
  ];
}

/** Parses the histogram. Throws AgentError `hist-malformed` that names `where` the text comes from. */
function countsOfExits(text: string, where: string): { cells: Cell[]; problems: string[] } {
  try {
    const { rows, dropped } = pickHistogram(parseHist(text), EXIT.keys);
    const cells = rows.flatMap(({ keys, hitcount: calls }) =>
      HYPERCALL_NAMES.map((hypercall): Cell => ({
        counter: 'punted',
        tid: Number(keys[0]),
        hypercall,
        scope: 'all',
        liobn: 0n,
        calls,
      })),
    );
    const full = `${dropped} returns to userspace were not counted, since the table is full: raise hist.size`;
    return { cells, problems: dropped > 0 ? [full] : [] };
  } catch (error) {
    if (!(error instanceof HistError)) throw error;
    throw new AgentError('hist-malformed', `${where}: ${error.message}`, { cause: error });
  }
}
