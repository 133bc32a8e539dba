/**
 * Setup of `hist.detail` in the kernel: two private instances, and two synthetic events.
 *
 * - `liobns`: kvm_hcall_enter keeps hypercall, LIOBN and time of a thread, and the thread's next kvm_hcall_exit fires a
 *   synthetic event with them. That exit must not be filtered: each takes the time that was kept, so that none finds that
 *   of an earlier call (a variable is forgotten once it is read in an expression).
 * - `times`: kvm_hcall_exit of a punted call, which fires before userspace sees the call, keeps hypercall and time, and the
 *   thread's next kvmppc_run_vcpu_enter fires the other.
 *
 * They are two since an event keeps one set of variables for each instance. A synthetic event is of all instances: each has
 * a name of its own, or else every agent would count what any of them fires. The types of its fields are to the letter those
 * of the events' fields: 6.1 takes no `u64` for an `unsigned long`.
 */
import { ENTER_EVENT, EXIT_EVENT } from './counts.js';
import { LATENCY_KEYS, LIOBN_KEYS } from './detail-counts.js';
import { HIST, PUNTED } from './instance.js';
import { isTce } from '../../tracefs/triggers.js';
import type { TriggerSpec } from '../../tracefs/triggers.js';

export interface DetailSpec {
  /** Lines for `synthetic_events` by the name of the event. */
  synthetic: ReadonlyMap<string, string>;
  /**
   * Triggers by the name of their instance, in the order in which they are set; removed in the opposite order, as the
   * kernel asks.
   */
  instances: ReadonlyMap<string, readonly TriggerSpec[]>;
  /** Triggers that are read, each with the name of its instance. */
  handled: ReadTrigger;
  roundTrips: ReadTrigger;
  liobns: ReadTrigger;
}

export interface ReadTrigger {
  instance: string;
  trigger: TriggerSpec;
}

const OWN_INSTANCE = new RegExp(`^${HIST.prefix}-(?:times|liobns)-(\\d{1,19})$`);
const OWN_SYNTHETIC = new RegExp(`^${HIST.prefix}_(?:call|punt)_(\\d{1,19})\\s`);

/**
 * Returns the uptime that the name of an instance, or a line of `synthetic_events`, holds; undefined if it is not one
 * of ours.
 */
export function madeNsOf(nameOrLine: string): bigint | undefined {
  const made = (OWN_INSTANCE.exec(nameOrLine) ?? OWN_SYNTHETIC.exec(nameOrLine))?.[1];
  return made === undefined ? undefined : BigInt(made);
}

/** Returns what to set up. `madeNs`: the uptime at which the plain instance was made that it belongs to. */
export function detailSpec(madeNs: bigint): DetailSpec {
  const [call, punt] = [`${HIST.prefix}_call_${madeNs}`, `${HIST.prefix}_punt_${madeNs}`];
  const [times, liobns] = [`${HIST.prefix}-times-${madeNs}`, `${HIST.prefix}-liobns-${madeNs}`];
  const handled = { instance: times, trigger: counting(call, LATENCY_KEYS, ['lat'], 'ret==0') };
  const roundTrips = { instance: times, trigger: counting(punt, LATENCY_KEYS, ['lat'], '') };
  const ofLiobns = { instance: liobns, trigger: counting(call, LIOBN_KEYS, [], 'ret==2') };
  return {
    synthetic: new Map([
      [call, 'unsigned long req; unsigned long liobn; unsigned long ret; int pid; u64 lat'],
      [punt, 'unsigned long req; int pid; u64 lat'],
    ]),
    instances: new Map([
      [times, [handled.trigger, roundTrips.trigger, ...puntTriggers(punt)]],
      [liobns, [ofLiobns.trigger, ...callTriggers(call)]],
    ]),
    handled,
    roundTrips,
    liobns: ofLiobns,
  };
}

function counting(event: string, keys: readonly string[], sums: readonly string[], filter: string): TriggerSpec {
  return { system: 'synthetic', event, keys, sums, filter };
}

function puntTriggers(punt: string): TriggerSpec[] {
  return [
    pairing(EXIT_EVENT, ['r=hcall_rc', 'ts0=common_timestamp.usecs'], PUNTED),
    {
      ...pairing('kvmppc_run_vcpu_enter', ['lat=common_timestamp.usecs-$ts0'], ''),
      action: `onmatch(kvm_hv.${EXIT_EVENT}).${punt}($r,common_pid,$lat)`,
    },
  ];
}

function callTriggers(call: string): TriggerSpec[] {
  return [
    pairing(ENTER_EVENT, ['r=req', 'l=gpr4', 'ts1=common_timestamp.usecs'], isTce('req')),
    {
      ...pairing(EXIT_EVENT, ['lat1=common_timestamp.usecs-$ts1'], ''),
      action: `onmatch(kvm_hv.${ENTER_EVENT}).${call}($r,$l,ret,common_pid,$lat1)`,
    },
  ];
}

function pairing(event: string, variables: readonly string[], filter: string): TriggerSpec {
  return { system: 'kvm_hv', event, keys: ['common_pid'], sums: [], variables, filter };
}
