/**
 * The source `guest`: counts inside a guest what it issues itself. Its readings have one VM, the guest, under the uuid
 * that its host knows it by, and one counter, `issued`. Together with the host's figures they tell what real mode
 * completed.
 */
import { NIL_UUID, deriveId } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { AgentError } from '../../errors.js';
import type { Cell, Reading, Source, VmSighting } from '../../model.js';
import { printable } from '../../printable.js';
import { openRoot, names, problemsOf, text } from '../../proc/root-reader.js';
import type { RootReader } from '../../proc/root-reader.js';
import { GUEST_THREAD, countsOfHist, countsOfInst } from './counts.js';
import { LiveHost } from '../live-host.js';
import { defineSource } from '../entry.js';
import type { SourceContext } from '../entry.js';
import { histSettings } from '../settings.js';
import type { HistSettings } from '../settings.js';
import { openInstance, readHist } from '../../tracefs/instances.js';
import type { InstanceSpec } from '../../tracefs/instances.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import type { TracefsFiles } from '../../tracefs/tracefs.js';
import { isTce } from '../../tracefs/triggers.js';
import type { TriggerSpec } from '../../tracefs/triggers.js';

const ENTRY: TriggerSpec = {
  system: 'powerpc',
  event: 'hcall_entry',
  keys: ['opcode'],
  sums: [],
  filter: isTce('opcode'),
};

export const GUEST: InstanceSpec = {
  prefix: 'tcewatch-guest',
  triggers: [ENTRY],
  withoutEvents: {
    code: 'no-guest',
    message: 'this machine is no pseries guest, or its kernel has no trace events; use the source hist on hosts',
  },
};

/** Directory of the kernel's own statistics of hypercalls, where it was built with CONFIG_HCALL_STATS. */
const HCALL_INST = 'sys/kernel/debug/hcall_inst';
/** Paths of the uuid in the device tree that QEMU gives to a pseries guest (hw/ppc/spapr.c); the last is PowerVM's. */
const UUID_PATHS = ['vm,uuid', 'system-id', 'ibm,partition-uuid'].map((name) => `proc/device-tree/${name}`);
const NAME_PATH = 'proc/device-tree/ibm,partition-name';

/** Evidence for a guest's figures: it cannot tell who completes what it issues. */
const EVIDENCE: ModeEvidence[] = (['real', 'virtual', 'userspace'] as const).map((mode) => ({
  mode,
  evidence: 'unobservable',
  reason: 'guest-issues-alone',
}));

/** A counter in the guest's kernel: since when it counts, how it is read, and how it is released while it goes on. */
interface GuestCounter {
  epoch: string;
  beganNs: bigint;
  problems: string[];
  read(): Promise<Cell[]>;
  close?(): Promise<void>;
}

type GuestOptions = SourceContext & { hist: HistSettings };

export const guest = defineSource({
  settings: { hist: histSettings },
  isLive: true,
  doctor: [
    {
      name: 'guest',
      gives: 'what this machine issues itself, as a guest',
      needs: ['proc', 'lockdown', 'guest-events'],
    },
  ],
  create: (options) => createGuest(options),
});

/** Creates the source; `files` is given where no kernel is behind them. */
export function createGuest(options: GuestOptions, files?: TracefsFiles): Source {
  return new Guest(options, new Tracefs(files, GUEST.withoutEvents));
}

class Guest implements Source {
  readonly name = 'guest';
  #host: LiveHost | undefined;
  #self: VmSighting | undefined;
  #counting: GuestCounter | undefined;

  constructor(
    private readonly options: GuestOptions,
    private readonly tracefs: Tracefs,
  ) {}

  async open(): Promise<void> {
    const host = await LiveHost.open(this.options, this.name);
    this.#self = await identify(openRoot(this.options.root), host);
    this.#counting = (await this.#statistics(host)) ?? (await this.#histogram(host));
    this.#host = host;
  }

  async next(): Promise<Reading | undefined> {
    const [host, self, counting] = [this.#host, this.#self, this.#counting];
    if (!host || !self || !counting) return undefined;
    const clock = await host.clock();
    const { epoch, beganNs, problems } = counting;
    const counted = { cells: await counting.read(), accounts: [], problems, epoch, epochBeganNs: beganNs };
    return host.reading(clock, counted, { vms: [self], problems: [] });
  }

  async close(): Promise<void> {
    const counting = this.#counting;
    this.#host = undefined;
    this.#counting = undefined;
    await counting?.close?.();
  }

  /** Opens the kernel's statistics, which count from boot; undefined where it keeps none. */
  async #statistics({ facts }: LiveHost): Promise<GuestCounter | undefined> {
    const { root } = this.options;
    const files = await names(openRoot(root), HCALL_INST);
    if (!files?.some(isCpu)) return undefined;
    return {
      epoch: deriveId(facts.bootId, 'hcall_inst'),
      beganNs: 0n,
      problems: [],
      read: () => readStatistics(root),
    };
  }

  async #histogram(host: LiveHost): Promise<GuestCounter> {
    const { tracefs } = this;
    const { root, hist } = this.options;
    const { uptimeNs: nowNs } = await host.clock();
    const {
      instance: { directory, madeNs, hold },
      problems,
    } = await openInstance({ tracefs, root, kinds: [GUEST], size: hist.size, nowNs }, ({ size }) => size === hist.size);
    return {
      epoch: deriveId(host.facts.bootId, 'guest', madeNs),
      beganNs: madeNs,
      problems,
      read: async () => countsOfHist(await readHist(tracefs, directory, ENTRY), directory),
      close: () => hold.close(),
    };
  }
}

/**
 * Identifies the guest. Throws AgentError `guest-unknown` where it does not know its own uuid: no host's figures would
 * belong to it.
 */
async function identify(reader: RootReader, { facts }: LiveHost): Promise<VmSighting> {
  const uuid = await firstText(reader, UUID_PATHS);
  if (uuid === undefined || uuid === NIL_UUID) {
    throw new AgentError(
      'guest-unknown',
      'the device tree tells no uuid of this guest: give it one on its host (QEMU -uuid, <uuid> in libvirt), and mount /proc',
    );
  }
  const name = (await firstText(reader, [NAME_PATH])) ?? facts.hostname;
  return {
    life: deriveId(facts.bootId, 'guest'),
    name: printable(name || uuid),
    uuid: printable(uuid),
    tgid: 0,
    startedNs: 0n,
    threads: [{ tid: GUEST_THREAD, startedNs: 0n }],
    evidence: EVIDENCE,
  };
}

/** Reads the first of these files that has text; properties of the device tree end in a NUL character. */
async function firstText(reader: RootReader, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const value = (await text(reader, path))?.replace(/\0+$/, '').trim();
    if (value) return value;
  }
  return undefined;
}

async function readStatistics(root: string): Promise<Cell[]> {
  const reader = openRoot(root);
  const texts = new Map<string, string>();
  for (const file of (await names(reader, HCALL_INST)) ?? []) {
    const path = `${HCALL_INST}/${file}`;
    const content = isCpu(file) ? await text(reader, path) : undefined;
    if (content !== undefined) texts.set(path, content);
  }
  const [problem] = problemsOf(reader);
  // Half of the processors would read as counters that went back.
  if (problem !== undefined) throw new AgentError('permission', problem);
  return countsOfInst(texts);
}

function isCpu(name: string): boolean {
  return /^cpu\d+$/.test(name);
}
