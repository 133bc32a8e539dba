/** One life of a VM: how its calls are handled over time, and why they fall back. */
import { VM_STATE_WORDS } from '@tcewatch/protocol/vm-state';
import { useMemo } from 'preact/hooks';
import type { Alert, Counts, FleetVm, Host, Latency, Liobn, Step, Vm } from '../api/answers.js';
import { usePolled } from '../api/poll.js';
import { AlertCard } from '../parts/alert-card.js';
import { Choice } from '../parts/choice.js';
import { FiguresTable } from '../parts/figures-table.js';
import { History } from '../parts/history.js';
import { LatencyTable } from '../parts/latency-table.js';
import { Problem } from '../parts/problem.js';
import { State } from '../parts/state.js';
import { VmFacts } from '../parts/vm-facts.js';
import { RANGES, rangeOf, stepsQuery, timeQuery, windowOf } from '../range.js';
import { hostHref, replaceQuery } from '../route.js';
import type { Route } from '../route.js';
import { dateTime, unobservableWords } from '../words.js';

const EVERY_MS = 5000;
const RANGE_OPTIONS = Object.entries(RANGES).map(([value, { words }]) => ({ value, words }));

export function VmView({ route, newest }: { route: Route; newest: readonly Alert[] | undefined }) {
  const path = `/v1/vms/${encodeURIComponent(route.id)}`;
  const vm = usePolled<Vm>(path, EVERY_MS);
  const hosts = usePolled<Host[]>('/v1/hosts', EVERY_MS);
  const fleet = usePolled<FleetVm[]>(`/v1/fleet?life=${encodeURIComponent(route.id)}`, EVERY_MS, { news: newest });
  const host = hosts.body?.find(({ id }) => id === vm.body?.host);
  if (!vm.body || !host) {
    return (
      <>
        <h1>VM</h1>
        <Problem of={vm.body ? hosts : vm} />
      </>
    );
  }
  const now = fleet.body?.find(({ life }) => life === route.id);
  return (
    <>
      <h1>
        {vm.body.name || vm.body.uuid || vm.body.life}{' '}
        {vm.body.ended ? <span class="state state-idle">ended</span> : now && <State state={now.state} />}
      </h1>
      <p class="quiet">
        on <a href={hostHref(host.id)}>{host.name}</a>, started {dateTime(vm.body.startedAt)} UTC, host last read{' '}
        {dateTime(host.readAt)} UTC
      </p>
      {now && !vm.body.ended && <Meaning now={now} />}
      <Problem of={vm} />
      <Alerts vm={vm.body} newest={newest} />
      <Calls path={path} vm={vm.body} host={host} route={route} />
      <VmFacts vm={vm.body} />
    </>
  );
}

/** Says what the state means, where that is not plain: an alert that fires says all. */
function Meaning({ now: { state, modes, alert } }: { now: FleetVm }) {
  if (state === 'accelerated' || (state === 'fallback' && alert?.state === 'firing')) return null;
  return (
    <div class="meaning">
      <p>{VM_STATE_WORDS[state].meaning}</p>
      {state === 'unobservable' && unobservableWords(modes).map((words) => <p key={words}>{words}</p>)}
    </div>
  );
}

/** Alerts of this life of the VM, the newest first. */
function Alerts({ vm, newest }: { vm: Vm; newest: readonly Alert[] | undefined }) {
  const asked = usePolled<Alert[]>(`/v1/alerts?vm=${encodeURIComponent(vm.name)}&limit=200`, EVERY_MS);
  const alerts = useMemo(() => {
    const known = new Map<string, Alert>();
    for (const alert of [...(newest ?? []), ...(asked.body ?? [])]) {
      const other = known.get(alert.alertId);
      if (alert.vm?.life === vm.life && (!other || other.revision < alert.revision)) known.set(alert.alertId, alert);
    }
    return [...known.values()].sort((a, b) => b.firedAt.localeCompare(a.firedAt));
  }, [newest, asked.body, vm.life]);
  return (
    <section aria-label="Alerts">
      <h2>Alerts</h2>
      {alerts.length === 0 && <p class="empty">It never had an alert.</p>}
      {alerts.map((alert) => (
        <AlertCard key={alert.alertId} alert={alert} subject={false} />
      ))}
    </section>
  );
}

function Calls({ path, vm, host, route }: { path: string; vm: Vm; host: Host; route: Route }) {
  const range = rangeOf(route.query['range']);
  const window = windowOf(range, vm.startedAt, host.readAt, host.intervalSeconds);
  const time = timeQuery(range, window);
  const subject = `${vm.life} ${range}`;
  const steps = usePolled<Step[]>(`${path}/steps?${stepsQuery(window)}`, EVERY_MS, { subject });
  const counts = usePolled<Counts[]>(
    `/v1/counts?host=${encodeURIComponent(vm.host)}&life=${vm.life}&${time}`,
    EVERY_MS,
    { subject },
  );
  const liobns = usePolled<Liobn[]>(`${path}/liobns?${time}`, EVERY_MS, { subject });
  const latency = usePolled<Latency>(`${path}/latency?${time}`, EVERY_MS, { subject });
  const words = RANGES[range].words;
  const over = range === 'all' ? words : `in the last ${words}`;
  return (
    <>
      <section aria-label="Hypercalls over time">
        <h2>Hypercalls</h2>
        <Choice
          inline
          legend="Time"
          name="range"
          options={RANGE_OPTIONS}
          value={range}
          onChoose={(chosen) => {
            replaceQuery(route, { range: chosen });
          }}
        />
        <Problem of={steps} />
        {steps.body && (
          <History
            steps={steps.body}
            step={window.step}
            hypercall={route.query['hypercall'] ?? ''}
            onChoose={(hypercall) => {
              replaceQuery(route, { hypercall });
            }}
          />
        )}
      </section>
      <section aria-label="Totals">
        <Problem of={counts} />
        {counts.body && <FiguresTable caption={`Calls ${over}`} rows={counts.body[0]?.hypercalls ?? []} />}
        {liobns.body && liobns.body.length > 0 && (
          <FiguresTable
            caption={`By LIOBN, ${over}`}
            label="LIOBN"
            rows={liobns.body.map((row) => ({ ...row, label: liobnWords(row) }))}
          />
        )}
        {latency.body && <LatencyTable latency={latency.body} over={over} />}
      </section>
    </>
  );
}

function liobnWords({ scope, liobn }: Liobn): string {
  if (scope === 'one') return liobn ?? '';
  return scope === 'all' ? 'not told by the source' : 'others, folded by a cap';
}
