/** One host: its VMs, its books, and what is wrong with what it tells. */
import type { Account, Alert, FleetVm, Host } from '../api/answers.js';
import { usePolled } from '../api/poll.js';
import { AlertCard } from '../parts/alert-card.js';
import { ModeBar } from '../parts/mode-bar.js';
import { Problem } from '../parts/problem.js';
import { State } from '../parts/state.js';
import { vmHref } from '../route.js';
import { count, dateTime, duration, rate } from '../words.js';

const EVERY_MS = 5000;

export function HostView({ id, newest }: { id: string; newest: readonly Alert[] | undefined }) {
  const hosts = usePolled<Host[]>('/v1/hosts', EVERY_MS);
  const fleet = usePolled<FleetVm[]>(`/v1/fleet?host=${encodeURIComponent(id)}`, EVERY_MS, { news: newest });
  const accounts = usePolled<Account[]>('/v1/accounts', EVERY_MS);
  const host = hosts.body?.find((one) => one.id === id);
  return (
    <>
      <h1>{host?.name ?? id}</h1>
      <Problem of={hosts} />
      {hosts.body && !host && <p>No host has the id {id}.</p>}
      {host && (
        <>
          {newest
            ?.filter((alert) => alert.host.id === id && alert.vm === null && alert.state === 'firing')
            .map((alert) => (
              <AlertCard key={alert.alertId} alert={alert} subject={false} />
            ))}
          <Facts host={host} />
          <Problems problems={host.problems} />
          <section aria-label="VMs">
            <h2>VMs</h2>
            <Problem of={fleet} />
            {fleet.body && <Vms vms={fleet.body} />}
          </section>
          <section aria-label="Books">
            <h2>Books</h2>
            <Problem of={accounts} />
            {accounts.body && <Books accounts={accounts.body.filter((account) => account.host === id)} />}
          </section>
        </>
      )}
    </>
  );
}

function Facts({ host }: { host: Host }) {
  const ahead = host.clockAheadSeconds;
  const clock =
    ahead === null
      ? 'not known'
      : `at least ${duration(Math.abs(ahead))} ${ahead < 0 ? 'behind, or no reading came fresh' : "ahead of the collector's"}`;
  const rows = [
    ['Last read', `${dateTime(host.readAt)} UTC, every ${duration(host.intervalSeconds)}`],
    ['Kernel', host.kernel],
    ['Processor', `${host.cpu}, ${host.platform}`],
    ['Counted by', `${host.source} (agent ${host.agentVersion})`],
    ['Clock', clock],
    ['Id', host.id],
  ];
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </>
      ))}
    </dl>
  );
}

function Problems({ problems }: { problems: readonly string[] }) {
  return (
    <section aria-label="Problems">
      <h2>Problems</h2>
      {problems.length === 0 && <p class="empty">None is known.</p>}
      <ul>
        {problems.map((problem) => (
          <li key={problem}>{problem}</li>
        ))}
      </ul>
    </section>
  );
}

function Vms({ vms }: { vms: readonly FleetVm[] }) {
  if (vms.length === 0) return <p class="empty">No VM runs on it.</p>;
  return (
    <div class="scrolls" role="region" aria-label="VMs of the host" tabIndex={0}>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">VM</th>
            <th scope="col">State</th>
            <th scope="col">Modes, last minutes</th>
            <th scope="col" class="number">
              Calls/s
            </th>
          </tr>
        </thead>
        <tbody>
          {vms.map(({ life, vm, state, modes, callsPerSecond }) => (
            <tr key={life}>
              <th scope="row">
                <a href={vmHref(life)}>{vm || life}</a>
              </th>
              <td>
                <State state={state} />
              </td>
              <td>
                <ModeBar modes={modes} past={state === 'silent'} />
              </td>
              <td class={state === 'silent' ? 'number past' : 'number'}>{rate(callsPerSecond)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** seen = stored + lost: what the kernel saw, what the series hold, and what it could not count. */
function Books({ accounts }: { accounts: readonly Account[] }) {
  if (accounts.length === 0) return <p class="empty">Its agent keeps none.</p>;
  return (
    <div class="scrolls" role="region" aria-label="Seen, stored and lost calls" tabIndex={0}>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Calls</th>
            <th scope="col" class="number">
              Seen
            </th>
            <th scope="col" class="number">
              Stored
            </th>
            <th scope="col" class="number">
              Lost
            </th>
            <th scope="col">Balance</th>
          </tr>
        </thead>
        <tbody>
          {accounts.map(({ counter, seen, stored, lost, losses, balanced }) => (
            <tr key={counter}>
              <th scope="row">{counter}</th>
              <td class="number">{count(seen)}</td>
              <td class="number">{count(stored)}</td>
              <td class="number">{count(lost)}</td>
              <td>
                {balanced ? 'seen = stored + lost' : 'does not balance'}
                {Object.entries(losses).map(([kind, events]) => (events > 0 ? `, ${kind} ${count(events)}` : ''))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
