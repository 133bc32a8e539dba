/** The fleet at a glance: each living VM with one word for its state. Pure; the word is decided here and nowhere else. */
import { EVIDENCE, HYPERCALL_NAMES, MODES, deriveModes } from '@tcewatch/protocol';
import type { Evidence, ModeFigure } from '@tcewatch/protocol';
import { z } from 'zod';
import { alertBody, toAlertBody } from '../alerts/body.js';
import type { AlertEvent } from '../alerts/event.js';
import { groupBy } from '../group-by.js';
import { RECENT_MS } from '../store/index.js';
import type { CountRow, HostRow, LivingVmRow, StoreQueries } from '../store/index.js';
import { isoTime } from '../time.js';
import { time } from './schemas.js';

/** The worst first. */
export const VM_STATES = ['fallback', 'silent', 'unobservable', 'idle', 'accelerated'] as const;
type VmState = (typeof VM_STATES)[number];

export const fleetBody = z.object({
  host: z.object({ id: z.string(), name: z.string() }),
  life: z.string(),
  vm: z.string(),
  uuid: z.string(),
  state: z
    .enum(VM_STATES)
    .describe(
      'fallback: an alert of it fires; silent: its host does not report; unobservable: a mode cannot be seen, so nobody ' +
        'can say that it is accelerated; idle: it called nothing; accelerated: the kernel handles its calls.',
    ),
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
  const calls = groupBy(recent, ({ hostId, life }) => `${hostId} ${life}`);
  const silences = new Map(alerts.filter(isSilence).map((event) => [event.hostId, event]));
  const newest = new Map(alerts.map((event) => [event.vm?.life, event]));
  return vms.flatMap((vm) => {
    const host = hostOf.get(vm.hostId);
    // A guest that counts itself is seen as a VM of its host already.
    if (!host || host.source === 'guest') return [];
    const silence = silences.get(vm.hostId);
    const alert = silence ?? newest.get(vm.life);
    const modes = sumModes(calls.get(`${vm.hostId} ${vm.life}`) ?? [], vm);
    const seconds = windowSeconds(host, vm);
    const known = modes.reduce((sum, mode) => sum + (mode.calls ?? 0), 0);
    return {
      host: { id: host.hostId, name: host.hostName },
      life: vm.life,
      vm: vm.vm,
      uuid: vm.uuid,
      state: silence ? 'silent' : stateOf(modes, alert),
      readAt: isoTime(host.readAtNs),
      seconds,
      callsPerSecond: seconds > 0 ? known / seconds : 0,
      modes,
      alert: alert ? toAlertBody(alert) : null,
    };
  });
}

function stateOf(modes: FleetVm['modes'], alert: AlertEvent | undefined): VmState {
  if (alert?.state === 'firing') return 'fallback';
  if (modes.some(({ calls }) => calls === null)) return 'unobservable';
  return modes.every(({ calls }) => calls === 0) ? 'idle' : 'accelerated';
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

/** The least known first. */
const LEAST_KNOWN: readonly Evidence[] = ['unobservable', 'upper-bound', 'derived', 'exact', 'absent'];

/** Linux guests do not call H_GET_TCE: what is not known of it says nothing of a VM, unless that calls it. */
function sumModes(rows: readonly CountRow[], { evidence }: LivingVmRow): FleetVm['modes'] {
  const counters = new Map(rows.map((row) => [row.hypercall, row.counters]));
  const figures = HYPERCALL_NAMES.filter((name) => name !== 'H_GET_TCE' || counters.has(name)).flatMap((name) =>
    deriveModes(name, counters.get(name) ?? {}, evidence),
  );
  return MODES.map((mode) => {
    const own = figures.filter((figure) => figure.mode === mode);
    const [least] = own.toSorted((a, b) => LEAST_KNOWN.indexOf(a.evidence) - LEAST_KNOWN.indexOf(b.evidence));
    const calls = own.reduce<number | null>(addCalls, 0);
    return { mode, calls, evidence: least?.evidence ?? 'unobservable', reason: least?.reason ?? '' };
  });
}

function addCalls(sum: number | null, { calls }: ModeFigure): number | null {
  return sum === null || calls === null ? null : sum + calls;
}
