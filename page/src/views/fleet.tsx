/** The fleet: every living VM with its state, to filter and to sort. */
import { VM_STATES, VM_STATE_WORDS } from '@tcewatch/protocol/vm-state';
import type { VmState } from '@tcewatch/protocol/vm-state';
import { useRef } from 'preact/hooks';
import type { Alert, FleetVm, Host } from '../api/answers.js';
import { usePolled } from '../api/poll.js';
import { SORTS, countStates, list, listingOf } from '../filter.js';
import type { Listing, Sort } from '../filter.js';
import { Choice } from '../parts/choice.js';
import { useMedia } from '../parts/media.js';
import { ModeBar } from '../parts/mode-bar.js';
import { Problem } from '../parts/problem.js';
import { useRows } from '../parts/rows.js';
import { State } from '../parts/state.js';
import { hostHref, replaceQuery, vmHref } from '../route.js';
import type { Route } from '../route.js';
import { count, dateTime, rate } from '../words.js';

const EVERY_MS = 5000;
/** Heights of a row, in pixels: as in style/page.css. */
const ROW = 44;
const ROW_ON_PHONE = 112;

const COLUMNS: readonly { sort: Sort; name: string; order: 'ascending' | 'descending' }[] = [
  { sort: 'vm', name: 'VM', order: 'ascending' },
  { sort: 'host', name: 'Host', order: 'ascending' },
  { sort: 'state', name: 'State', order: 'ascending' },
  { sort: 'userspace', name: 'Modes, last minutes', order: 'descending' },
  { sort: 'rate', name: 'Calls/s', order: 'descending' },
  { sort: 'alert', name: 'Newest alert', order: 'descending' },
];

export function Fleet({ route, newest }: { route: Route; newest: readonly Alert[] | undefined }) {
  const fleet = usePolled<FleetVm[]>('/v1/fleet', EVERY_MS, { news: newest });
  const listing = listingOf(route.query);
  const all = fleet.body ?? [];
  const shown = list(all, listing);
  const counts = countStates(all);
  const filtered = listing.q !== '' || listing.state !== '';
  return (
    <>
      <div class="title">
        <h1>Fleet</h1>
        <p class="quiet" role="status">
          {all.length > 0 &&
            (filtered ? `${count(shown.length)} of ${count(all.length)} VMs` : `${count(all.length)} VMs`)}
        </p>
      </div>
      {(fleet.body === undefined || all.length > 0) && (
        <Controls listing={listing} counts={counts} total={all.length} route={route} />
      )}
      <Problem of={fleet} />
      {fleet.body?.length === 0 && <NoVms />}
      {all.length > 0 && shown.length === 0 && (
        <p class="empty">
          No VM is like that. <a href="#/">Show all.</a>
        </p>
      )}
      {shown.length > 0 && <Table vms={shown} listing={listing} route={route} />}
    </>
  );
}

interface ControlsProps {
  listing: Listing;
  counts: Record<VmState, number>;
  total: number;
  route: Route;
}

/** Controls of the list: filters, and on a phone, where the table has no head, the order. */
function Controls({ listing, counts, total, route }: ControlsProps) {
  const options = [
    { value: '', words: `all ${count(total)}` },
    ...VM_STATES.map((state) => ({ value: state, words: `${VM_STATE_WORDS[state].label} ${count(counts[state])}` })),
  ];
  return (
    <form
      class="controls"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <label class="field">
        <span>Find</span>
        <input
          type="search"
          name="q"
          placeholder="VM, host or cause"
          value={listing.q}
          onInput={(event) => {
            replaceQuery(route, { q: event.currentTarget.value });
          }}
        />
      </label>
      <Choice
        legend="State"
        name="state"
        options={options}
        value={listing.state}
        onChoose={(state) => {
          replaceQuery(route, { state });
        }}
      />
      <label class="field only-phone">
        <span>Sort by</span>
        <select
          value={listing.sort}
          onChange={(event) => {
            replaceQuery(route, { sort: event.currentTarget.value });
          }}
        >
          {Object.entries(SORTS).map(([sort, name]) => (
            <option key={sort} value={sort}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

/** `since 11-22 11:59`, and of one that was resolved when that was. */
function sinceWords({ firedAt, resolvedAt }: Alert): string {
  return resolvedAt === null ? `since ${dateTime(firedAt).slice(5, 16)}` : dateTime(resolvedAt).slice(5, 16);
}

/** No host has reported, or none of those that have runs a VM: what to do differs. */
function NoVms() {
  const hosts = usePolled<Host[]>('/v1/hosts', EVERY_MS);
  if (!hosts.body) return <Problem of={hosts} />;
  if (hosts.body.length === 0) {
    return (
      <div class="empty-page">
        <p>
          <strong>No host has reported yet.</strong>
        </p>
        <p>Run the agent on a POWER host and name this collector to it. Its VMs appear here with its first reading.</p>
        <pre tabIndex={0}>tcewatch-agent run --collector-url {location.origin}</pre>
      </div>
    );
  }
  return (
    <div class="empty-page">
      <p>
        <strong>
          No VM runs on {hosts.body.length === 1 ? 'the host' : `the ${count(hosts.body.length)} hosts`} that reported.
        </strong>
      </p>
      <ul>
        {hosts.body.map(({ id, name, readAt }) => (
          <li key={id}>
            <a href={hostHref(id)}>{name}</a>, last read {dateTime(readAt)} UTC
          </li>
        ))}
      </ul>
    </div>
  );
}

function Table({ vms, listing, route }: { vms: readonly FleetVm[]; listing: { sort: Sort }; route: Route }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const phone = useMedia('(max-width: 46rem)');
  const { items, above, below } = useRows(body, vms.length, phone ? ROW_ON_PHONE : ROW);
  return (
    <table class="fleet" role="table" aria-label="VMs" aria-rowcount={vms.length + 1}>
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          {COLUMNS.map(({ sort, name, order }) => (
            <th key={sort} role="columnheader" scope="col" aria-sort={listing.sort === sort ? order : 'none'}>
              <button
                type="button"
                onClick={() => {
                  replaceQuery(route, { sort });
                }}
              >
                {name}
              </button>
            </th>
          ))}
        </tr>
      </thead>
      <tbody ref={body} role="rowgroup">
        {above > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${above}px` }} />}
        {items.map(({ index }) => {
          const vm = vms[index];
          return vm && <Row key={vm.life} vm={vm} index={index} range={route.query['range'] ?? ''} />;
        })}
        {below > 0 && <tr class="spacer" aria-hidden="true" style={{ height: `${below}px` }} />}
      </tbody>
    </table>
  );
}

function Row({ vm, index, range }: { vm: FleetVm; index: number; range: string }) {
  const { host, life, state, modes, callsPerSecond, alert } = vm;
  return (
    <tr role="row" aria-rowindex={index + 2}>
      <th role="rowheader" scope="row">
        <a href={vmHref(life, { range })}>{vm.vm || vm.uuid || life}</a>
      </th>
      <td role="cell">
        <a href={hostHref(host.id)}>{host.name}</a>
      </td>
      <td role="cell">
        <State state={state} />
      </td>
      <td role="cell">
        <ModeBar modes={modes} past={state === 'silent'} />
      </td>
      <td role="cell" class={state === 'silent' ? 'number past' : 'number'}>
        {rate(callsPerSecond)}
        <span class="only-phone"> calls/s</span>
      </td>
      <td role="cell" class="alert-cell">
        {alert && (
          <>
            <span class={alert.state}>{alert.state}</span> {sinceWords(alert)}
            <span class="below">{alert.cause.code}</span>
          </>
        )}
      </td>
    </tr>
  );
}
