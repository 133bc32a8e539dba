/**
 * The tracefs instances of the `ring` source. Each counter has one of its own with one event, filtered to exactly the calls
 * that it counts: the kernel numbers the events that an instance lost, but not by kind, so both counters know their losses
 * to the call.
 */
import { join } from 'node:path';
import { SourceError } from '../model.js';
import type { HypercallFormats } from '../ring/events.js';
import { parseFormat } from '../ring/format.js';
import { RING_COUNTERS } from './ring-counts.js';
import { eventDirectory } from './tracefs.js';
import type { InstanceKind } from './tracefs.js';
import { Tracefs } from './tracefs-files.js';
import type { TriggerSpec } from './triggers.js';

export interface RingInstance {
  event: TriggerSpec;
  directory: string;
}

/** Its instances, in the order of RING_COUNTERS. */
export type Ring = readonly RingInstance[];

/** One that is there, maybe in part: `PREFIX-NUMBER-COUNTER` for each counter. */
export interface RingFound {
  number: bigint;
  ring: Ring;
  isWhole: boolean;
}

/** A thread comes back into KVM_RUN: what ends the round trip of a punted call. */
export const RUN_EVENT = 'kvmppc_run_vcpu_enter';

/** How an instance keeps its events. */
export interface RingShape {
  /** KiB of each CPU's buffer; the kernel rounds up to whole sub-buffers, of which there are at least two. */
  kbPerCpu: number;
  /** When it is full: whether the oldest events are lost, or the newest. */
  overwrite: boolean;
}

/**
 * The kernel's clock that is one for all CPUs and is Node's own as well (CLOCK_MONOTONIC), so that "all events until now"
 * can be asked for. That of `boot` differs from it where a host was suspended.
 */
const CLOCK = 'mono';

/**
 * Makes the instances of both counters, `NAME-entered` and `NAME-punted`, and enables their events, entered first: a call
 * in between is counted as entered alone. Leaves nothing behind when that fails. Throws SourceError.
 */
export async function makeRing(
  tracefs: Tracefs,
  tracing: string,
  name: string,
  { kbPerCpu, overwrite }: RingShape,
  kind: InstanceKind,
): Promise<Ring> {
  const ring = ringAt(join(tracing, 'instances', name), kind);
  const made: RingInstance[] = [];
  try {
    for (const instance of ring) {
      await tracefs.make(instance.directory);
      made.push(instance);
      await write(tracefs, instance, 'trace_clock', CLOCK);
      await write(tracefs, instance, 'buffer_size_kb', String(kbPerCpu));
      await write(tracefs, instance, 'options/overwrite', overwrite ? '1' : '0');
      await write(tracefs, instance, eventFile(instance, 'filter'), instance.event.filter);
    }
    for (const instance of ring) await write(tracefs, instance, eventFile(instance, 'enable'), '1');
  } catch (error) {
    await removeRing(made, tracefs);
    throw error;
  }
  return ring;
}

/** Each ring that is there already, whoever made it. */
export async function ringsLeft(
  tracefs: Tracefs,
  tracing: string,
  prefix: string,
  kind: InstanceKind,
): Promise<RingFound[]> {
  const instances = join(tracing, 'instances');
  const names = new Set(await tracefs.list(instances));
  const ours = new RegExp(`^${prefix}-(\\d{1,19})-(?:${RING_COUNTERS.join('|')})$`);
  const numbers = new Set([...names].flatMap((name) => ours.exec(name)?.[1] ?? []));
  return [...numbers].map((number) => {
    const name = `${prefix}-${number}`;
    const ring = ringAt(join(instances, name), kind).filter((_, i) => names.has(`${name}-${RING_COUNTERS[i]}`));
    return { number: BigInt(number), ring, isWhole: ring.length === RING_COUNTERS.length };
  });
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
    await write(tracefs, instance, eventFile(instance, 'filter'), instance.event.filter);
    await write(tracefs, instance, eventFile(instance, 'enable'), '1');
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
export async function readFormats(tracefs: Tracefs, tracing: string, kind: InstanceKind): Promise<HypercallFormats> {
  const read = async (i: number) => {
    const trigger = kind.triggers[i];
    const path = join(trigger ? eventDirectory(tracing, trigger) : tracing, 'format');
    return parseFormat(await tracefs.read(path));
  };
  return { kvm_hcall_enter: await read(0), kvm_hcall_exit: await read(1) };
}

/** Throws SourceError where an instance does not write its events any more. */
export async function checkRing(tracefs: Tracefs, ring: Ring): Promise<void> {
  for (const instance of ring) {
    for (const file of ['tracing_on', eventFile(instance, 'enable')]) {
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

function ringAt(path: string, { triggers }: InstanceKind): Ring {
  return RING_COUNTERS.flatMap((counter, i) => {
    const event = triggers[i];
    return event ? [{ event, directory: `${path}-${counter}` }] : [];
  });
}

/** Relative to the instance. */
function eventFile({ event }: RingInstance, file: string): string {
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
