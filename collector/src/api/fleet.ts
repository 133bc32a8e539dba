/** The fleet at a glance: each living VM with one word for its state, by the rule of the protocol's vm-state.ts. */
import { EVIDENCE, MODES, VM_STATES, VM_STATE_WORDS, sumModes, vmState } from '@tcewatch/protocol';
import type { CounterValues, Hypercall } from '@tcewatch/protocol';
import { z } from 'zod';
import { alertBody, toAlertBody } from '../alerts/body.js';
import type { AlertEvent } from '../alerts/event.js';
import { RECENT_MS } from '../store/index.js';
import type { CountRow, HostRow, LivingVmRow, StoreQueries } from '../store/index.js';
import { isoTime } from '../time.js';
import { time } from './schemas.js';

export const fleetBody = z.object({
  host: z.object({ id: z.string(), name: z.string() }),
  life: z.string(),
  vm: z.string(),
  uuid: z.string(),
  state: z.enum(VM_STATES).describe(VM_STATES.map((state) => `${state}: ${VM_STATE_WORDS[state].meaning}`).join(' ')),
  readAt: time.describe('When the host was last read.'),
  seconds: z.number().describe('Time up to then that the figures are of.'),
  callsPerSecond: z.number().describe('Of the modes that are known.'),
  modes: z.array(
    z.object({
      mode: z.enum(MODES),
      calls: z.number().nullable().describe('Null: nobody can observe it.'),
      evidence: z.enum(EVIDENCE).describe('How the figure is known: of the hypercall that is known least.'),
      reason: z.string(),
    }),
  ),
  alert: alertBody
    .nullable()
    .describe('The newest of the VM, or of its host where that is silent; one that fires first.'),
});
type FleetVm = z.infer<typeof fleetBody>;

export interface FleetRows {
  hosts: readonly HostRow[];
  vms: readonly LivingVmRow[];
  recent: readonly CountRow[];
  /** One for each VM at most. */
  alerts: readonly AlertEvent[];
}

/** Asks the store for all that the fleet is made of, at once. */
export async function askFleet(queries: StoreQueries): Promise<FleetVm[]> {
  const [hosts, vms, recent, alerts] = await Promise.all([
    queries.hosts(),
    queries.livingVms(),
    queries.recent(),
    queries.newestAlerts(),
  ]);
  return fleetAnswer({ hosts, vms, recent, alerts });
}

export function fleetAnswer({ hosts, vms, recent, alerts }: FleetRows): FleetVm[] {
  const hostOf = new Map(hosts.map((host) => [host.hostId, host]));
  const calls = new Map<string, Partial<Record<Hypercall, CounterValues>>>();
  for (const { hostId, life, hypercall, counters } of recent) {
    const key = `${hostId} ${life}`;
    calls.set(key, { ...calls.get(key), [hypercall]: counters });
  }
  const silences = new Map(alerts.filter(isSilence).map((event) => [event.hostId, event]));
  const newest = new Map(alerts.map((event) => [event.vm?.life, event]));
  return vms.flatMap((vm) => {
    const host = hostOf.get(vm.hostId);
    // A guest that counts itself is seen as a VM of its host already.
    if (!host || host.source === 'guest') return [];
    const silence = silences.get(vm.hostId);
    const alert = silence ?? newest.get(vm.life);
    const modes = sumModes(calls.get(`${vm.hostId} ${vm.life}`) ?? {}, vm.evidence);
    const seconds = windowSeconds(host, vm);
    const known = modes.reduce((sum, mode) => sum + (mode.calls ?? 0), 0);
    return {
      host: { id: host.hostId, name: host.hostName },
      life: vm.life,
      vm: vm.vm,
      uuid: vm.uuid,
      // The window ends with the newest reading, so it has one.
      state: vmState({ hostReports: !silence, alertFires: alert?.state === 'firing', modes }),
      readAt: isoTime(host.readAtNs),
      seconds,
      callsPerSecond: seconds > 0 ? known / seconds : 0,
      modes,
      alert: alert ? toAlertBody(alert) : null,
    };
  });
}

function isSilence({ alert, state, vm }: AlertEvent): boolean {
  return vm === null && alert === 'TceTelemetrySilent' && state === 'firing';
}

/** The window of {@link StoreQueries.recent}, as far as the VM lived. */
function windowSeconds({ readAtNs }: HostRow, { startedAtNs }: LivingVmRow): number {
  const step = BigInt(RECENT_MS) * 1_000_000n;
  const begin = readAtNs - (readAtNs % step) - step;
  const from = begin > startedAtNs ? begin : startedAtNs;
  return Number(readAtNs - from) / 1e9;
}
