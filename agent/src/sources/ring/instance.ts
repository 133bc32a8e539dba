/**
 * The tracefs instances of the `ring` source. Each counter has one of its own with one event, filtered to exactly the calls
 * that it counts: the kernel numbers the events that an instance lost, but not by kind, so both counters know their losses
 * to the call. A further instance with all events that it takes to time calls is made on demand.
 */
import { join } from 'node:path';
import { SourceError } from '../../model.js';
import { RESUME_HOST } from './decode/events.js';
import type { HypercallFormats } from './decode/events.js';
import { parseFormat } from './decode/format.js';
import { RING_COUNTERS } from './counts.js';
import { eventDirectory, findTracefs } from '../../tracefs/instances.js';
import type { InstanceKind } from '../../tracefs/instances.js';
import { Tracefs } from '../../tracefs/tracefs.js';
import { isTce } from '../../tracefs/triggers.js';
import type { TriggerSpec } from '../../tracefs/triggers.js';

/** Where instances are made, and of what. */
export interface RingPlace {
  tracefs: Tracefs;
  /** Where tracefs is mounted. */
  tracing: string;
  /** Instances are named `PREFIX-NUMBER-ROLE`. */
  prefix: string;
  /** Its first two triggers are on the events of calls that enter, and of those that are punted. */
  kind: InstanceKind;
}

/** An event, and which of them are written. */
export type RingEvent = Pick<TriggerSpec, 'system' | 'event' | 'filter'>;

export interface RingInstance {
  directory: string;
  events: readonly RingEvent[];
}

/** Its instances, in the order of RING_COUNTERS, which are their roles. */
export type Ring = readonly RingInstance[];

/** One that is there, maybe in part. */
export interface RingFound {
  number: bigint;
  ring: Ring;
  isWhole: boolean;
}

/** How an instance keeps its events. */
export interface RingShape {
  /** KiB of each CPU's buffer; the kernel rounds up to whole sub-buffers, of which there are at least two. */
  kbPerCpu: number;
  /** When it is full: whether the oldest events are lost, or the newest. */
  overwrite: boolean;
}

/** A thread comes back into KVM_RUN: what ends the round trip of a punted call. */
export const RUN_EVENT = 'kvmppc_run_vcpu_enter';

/** The role of the instance in which calls are timed. */
const TIMED = 'timed';

/**
 * The kernel's clock that is one for all CPUs and is Node's own as well (CLOCK_MONOTONIC), so that "all events until now"
 * can be asked for. That of `boot` differs from it where a host was suspended.
 */
const CLOCK = 'mono';

/**
 * Makes the instances of both counters and enables their events, entered first: a call in between is counted as entered
 * alone. Leaves nothing behind when that fails. Throws SourceError.
 */
export function makeRing(place: RingPlace, number: bigint, shape: RingShape): Promise<Ring> {
  return make(place.tracefs, ringAt(place, number), shape);
}

/** Makes the instance in which calls are timed. Throws SourceError. */
export async function makeTimed(place: RingPlace, number: bigint, shape: RingShape): Promise<RingInstance> {
  const { enter, exit, run } = eventsOf(place);
  // That of a handled call does not tell of which hypercall it is: all of them are needed.
  const exits = { ...exit, filter: `ret!=${RESUME_HOST}||${isTce('hcall_rc')}` };
  const timed = { directory: pathOf(place, number, TIMED), events: [enter, exits, run] };
  await make(place.tracefs, [timed], shape);
  return timed;
}

/** That of a host's agent. Throws SourceError `not-mounted`. */
export async function ringPlace(tracefs: Tracefs, root: string, kind: InstanceKind): Promise<RingPlace> {
  return { tracefs, tracing: await findTracefs(root, tracefs), prefix: `${kind.prefix}-ring`, kind };
}

/** Removes all that is not in use; resolves to what could not be removed, as problems. */
export async function removeRings(place: RingPlace): Promise<string[]> {
  const rings = (await ringsLeft(place)).flatMap(({ ring }) => ring);
  return removeRing([...rings, ...(await timedLeft(place))], place.tracefs);
}

/** Each ring that is there already, whoever made it. */
export async function ringsLeft(place: RingPlace): Promise<RingFound[]> {
  const numbers = RING_COUNTERS.map((role) => numbersLeft(place, role));
  const [entered, punted] = await Promise.all(numbers);
  const present = [entered ?? new Set(), punted ?? new Set()];
  return [...new Set(present.flatMap((each) => [...each]))].map((number) => ({
    number,
    ring: ringAt(place, number).filter((_, i) => present[i]?.has(number)),
    isWhole: present.every((each) => each.has(number)),
  }));
}

/** The instances to time calls that are there already, whoever made them. */
export async function timedLeft(place: RingPlace): Promise<RingInstance[]> {
  const numbers = await numbersLeft(place, TIMED);
  return [...numbers].map((number) => ({ directory: pathOf(place, number, TIMED), events: [] }));
}

/**
 * Goes on with a ring that is there, whatever was changed of it. Its buffers are made larger where they are to be; never
 * smaller, which would lose what is in them. Throws SourceError.
 */
export async function resumeRing(tracefs: Tracefs, ring: Ring, { kbPerCpu, overwrite }: RingShape): Promise<void> {
  for (const instance of ring) {
    const size = Number(await tracefs.read(join(instance.directory, 'buffer_size_kb')));
    if (size < kbPerCpu) await write(tracefs, instance, 'buffer_size_kb', String(kbPerCpu));
    await write(tracefs, instance, 'options/overwrite', overwrite ? '1' : '0');
    await filter(tracefs, instance);
    await enable(tracefs, instance);
    await write(tracefs, instance, 'tracing_on', '1');
  }
}

/** Resolves to what could not be removed, as problems. */
export async function removeRing(ring: Ring, tracefs = new Tracefs()): Promise<string[]> {
  const problems: string[] = [];
  for (const { directory } of ring) problems.push(...(await tracefs.removeInstance(directory)));
  return problems;
}

/** How the kernel writes the events; one that it has not is `kvm-hv-not-loaded`. */
export async function readFormats(place: RingPlace): Promise<HypercallFormats> {
  const { enter, exit } = eventsOf(place);
  return { kvm_hcall_enter: await readFormat(place, enter), kvm_hcall_exit: await readFormat(place, exit) };
}

/** The same with the event that ends a round trip. */
export async function readTimedFormats(place: RingPlace): Promise<HypercallFormats> {
  const { run } = eventsOf(place);
  return { ...(await readFormats(place)), kvmppc_run_vcpu_enter: await readFormat(place, run) };
}

/** Throws SourceError where an instance does not write its events any more. */
export async function checkRing(tracefs: Tracefs, ring: Ring): Promise<void> {
  for (const instance of ring) {
    for (const file of ['tracing_on', ...instance.events.map((event) => eventFile(event, 'enable'))]) {
      const path = join(instance.directory, file);
      const on = (await tracefs.read(path)).trim() === '1';
      if (on) continue;
      const message =
        `${path} was switched off by somebody else: it is switched on again, and what was not counted meanwhile is ` +
        'lost; leave tracefs instances that are named tcewatch-* alone';
      throw new SourceError('ring-stopped', message);
    }
  }
}

/** In their order: a call in between is written to those before alone. */
async function make(tracefs: Tracefs, ring: Ring, { kbPerCpu, overwrite }: RingShape): Promise<Ring> {
  const made: RingInstance[] = [];
  try {
    for (const instance of ring) {
      await tracefs.make(instance.directory);
      made.push(instance);
      await write(tracefs, instance, 'trace_clock', CLOCK);
      await write(tracefs, instance, 'buffer_size_kb', String(kbPerCpu));
      await write(tracefs, instance, 'options/overwrite', overwrite ? '1' : '0');
      await filter(tracefs, instance);
    }
    for (const instance of ring) await enable(tracefs, instance);
  } catch (error) {
    await removeRing(made, tracefs);
    throw error;
  }
  return ring;
}

function ringAt(place: RingPlace, number: bigint): Ring {
  const { enter, exit } = eventsOf(place);
  return [enter, exit].map((event, i) => ({
    directory: pathOf(place, number, RING_COUNTERS[i] ?? ''),
    events: [event],
  }));
}

function pathOf({ tracing, prefix }: RingPlace, number: bigint, role: string): string {
  return join(tracing, 'instances', `${prefix}-${number}-${role}`);
}

async function numbersLeft({ tracefs, tracing, prefix }: RingPlace, role: string): Promise<Set<bigint>> {
  const ours = new RegExp(`^${prefix}-(\\d{1,19})-${role}$`);
  const names = await tracefs.list(join(tracing, 'instances'));
  return new Set(names.flatMap((name) => ours.exec(name)?.[1] ?? []).map(BigInt));
}

function eventsOf({ kind }: RingPlace): Record<'enter' | 'exit' | 'run', RingEvent> {
  const [enter, exit] = kind.triggers;
  if (!enter || !exit) throw new RangeError('a ring is made of two events');
  return { enter, exit, run: { system: exit.system, event: RUN_EVENT, filter: '' } };
}

async function readFormat({ tracefs, tracing }: RingPlace, event: RingEvent) {
  return parseFormat(await tracefs.read(join(eventDirectory(tracing, event), 'format')));
}

async function filter(tracefs: Tracefs, instance: RingInstance): Promise<void> {
  for (const event of instance.events) {
    if (event.filter !== '') await write(tracefs, instance, eventFile(event, 'filter'), event.filter);
  }
}

async function enable(tracefs: Tracefs, instance: RingInstance): Promise<void> {
  for (const event of instance.events) await write(tracefs, instance, eventFile(event, 'enable'), '1');
}

/** Relative to the instance. */
function eventFile(event: RingEvent, file: string): string {
  return join(eventDirectory('', event), file);
}

async function write(tracefs: Tracefs, { directory }: RingInstance, file: string, value: string): Promise<void> {
  const path = join(directory, file);
  await tracefs.append(path, value).catch((error: unknown) => {
    const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
    if (code !== 'EINVAL' && code !== 'ENOMEM') throw error;
    const why =
      code === 'ENOMEM' ? 'it has not the memory: make ring.kbPerCpu smaller' : 'this kernel does not know it';
    throw new SourceError('ring-refused', `the kernel refused ${JSON.stringify(value)} in ${path}: ${why}`, {
      cause: error,
    });
  });
}
