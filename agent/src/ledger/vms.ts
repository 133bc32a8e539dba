/** VM states from sightings, and the VM that stands for calls of nobody. */
import { UNATTRIBUTED_LIFE, UNATTRIBUTED_NAME } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import type { VmSighting } from '../model.js';
import type { VmState } from './state.js';

const NOTHING_COUNTED: Pick<VmState, 'series' | 'liobns' | 'latencies'> = {
  series: new Map(),
  liobns: new Set(),
  latencies: new Map(),
};

export interface Seen {
  vms: ReadonlyMap<string, VmState>;
  /** Stands for the owners that are not known; one of `vms`. */
  unattributed: VmState;
  /** VMs for which the cap leaves no place. */
  beyond: number;
}

/** The VMs after the given sightings: those seen are alive, the others have ended. Without any the last ones stand. */
export function see(
  known: ReadonlyMap<string, VmState>,
  sightings: readonly VmSighting[] | undefined,
  unattributedEvidence: readonly ModeEvidence[],
  cap: number,
): Seen {
  const unattributed = {
    ...(known.get(UNATTRIBUTED_LIFE) ?? NOTHING_COUNTED),
    alive: true,
    identity: {
      life: UNATTRIBUTED_LIFE,
      name: UNATTRIBUTED_NAME,
      uuid: '',
      tgid: 0,
      startedNs: 0n,
      evidence: [...unattributedEvidence],
    },
  };
  const vms = new Map(known).set(UNATTRIBUTED_LIFE, unattributed);
  if (!sightings) return { vms, unattributed, beyond: 0 };
  const seen = new Set(sightings.map(({ life }) => life));
  for (const [life, vm] of vms) {
    if (vm.alive && life !== UNATTRIBUTED_LIFE && !seen.has(life)) vms.set(life, { ...vm, alive: false });
  }
  let beyond = 0;
  for (const sighting of sightings) {
    const before = vms.get(sighting.life);
    // The VM that stands for nobody takes no place.
    if (!before && vms.size - 1 >= cap) {
      beyond++;
      continue;
    }
    vms.set(sighting.life, { ...(before ?? NOTHING_COUNTED), identity: identityOf(sighting, before), alive: true });
  }
  return { vms, unattributed, beyond };
}

/** Facts stand until newer ones are known. */
function identityOf(sighting: VmSighting, before: VmState | undefined): VmState['identity'] {
  const { life, name, uuid, tgid, startedNs, evidence } = sighting;
  const facts = sighting.facts ?? before?.identity.facts;
  return { life, name, uuid, tgid, startedNs, evidence, ...(facts && { facts }) };
}

/** The VMs at the start of an epoch: those alive, and nothing counted. */
export function uncounted(vms: ReadonlyMap<string, VmState>): ReadonlyMap<string, VmState> {
  return new Map([...vms].flatMap(([life, vm]) => (vm.alive ? [[life, { ...vm, ...NOTHING_COUNTED }]] : [])));
}

/** Without the VMs that have ended and of which nothing was counted. */
export function withoutForgotten(vms: ReadonlyMap<string, VmState>): ReadonlyMap<string, VmState> {
  return new Map([...vms].filter(([, vm]) => vm.alive || hasCounts(vm)));
}

/** Whether anything was counted of the VM in this epoch. */
export function hasCounts({ series, latencies }: VmState): boolean {
  return series.size > 0 || latencies.size > 0;
}
