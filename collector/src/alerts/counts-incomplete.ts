/** TceCountsIncomplete: a host goes on declaring that it lost events of the kernel. Pure. */
import { deriveId } from '@tcewatch/protocol';
import type { Account, Batch, Loss } from '@tcewatch/protocol';
import { aboutHost, resolve } from './event.js';
import type { AlertEvent } from './event.js';
import { incompleteCause } from './causes/index.js';
import type { Policy } from './policy.js';
import type { Rules } from './rules.js';

export interface LossState {
  /** Accounts of the batch before. */
  accounts: readonly Account[];
  /** Losses that go on, or still may; null while there are none. */
  losing: Losing | null;
  /** The alert that fires. */
  alert: AlertEvent | null;
}

interface Losing {
  /** Growth of the accounts since the beginning of the first interval with losses. */
  accounts: readonly Account[];
  lastedNs: bigint;
  /** Time that losses have grown since the first reading that showed them. */
  heldNs: bigint;
  /** Time since they last grew. */
  calmNs: bigint;
}

export const NO_LOSSES: LossState = { accounts: [], losing: null, alert: null };

/** `ns` is the time since the batch before; null where the losses can only be the next base. */
export function observeLosses(
  state: LossState,
  batch: Batch,
  ns: bigint | null,
  policy: Policy,
): { state: LossState; events: AlertEvent[] } {
  const { accounts, clock, host } = batch;
  const rules = policy.rulesOf(host.name);
  const losing = ns === null ? state.losing : advance(state, accounts, ns);
  const over = !rules.enabled || (losing !== null && losing.calmNs >= rules.keepFiringForNs);
  if (state.alert && over) {
    return { state: { ...NO_LOSSES, accounts }, events: [resolve(state.alert, clock.wallNs)] };
  }
  const next = { ...state, accounts, losing: over ? null : losing };
  if (next.alert || !next.losing || !isDue(next.losing, rules) || policy.isMaintained(clock.wallNs, host.name)) {
    return { state: next, events: [] };
  }
  const alert = fire(next.losing, batch);
  return { state: { ...next, alert }, events: [alert] };
}

/**
 * Adds what the accounts grew by. A restored alert begins its calm anew, since nobody knows for how long it had been
 * calm.
 */
function advance({ accounts, losing, alert }: LossState, now: readonly Account[], ns: bigint): Losing | null {
  if (!losing && !alert && now.every(({ losses }) => losses.length === 0)) return null;
  const grown = now.map((account) => growth(find(accounts, account), account));
  const isGrowing = grown.some(({ losses }) => losses.length > 0);
  if (!losing && !isGrowing && !alert) return null;
  const known = losing ?? { accounts: [], lastedNs: 0n, heldNs: 0n, calmNs: 0n };
  return {
    accounts: grown.map((account) => sum(find(known.accounts, account), account)),
    lastedNs: known.lastedNs + ns,
    heldNs: losing && isGrowing ? known.heldNs + known.calmNs + ns : known.heldNs,
    calmNs: isGrowing ? 0n : known.calmNs + ns,
  };
}

function isDue({ calmNs, heldNs }: Losing, { forNs }: Readonly<Rules>): boolean {
  return calmNs === 0n && heldNs >= forNs;
}

function fire({ accounts, lastedNs }: Losing, { clock, host }: Batch): AlertEvent {
  return aboutHost({
    alertId: deriveId('TceCountsIncomplete', host.id, clock.wallNs),
    alert: 'TceCountsIncomplete',
    hostId: host.id,
    hostName: host.name,
    atNs: clock.wallNs,
    ...incompleteCause({ accounts, seconds: Number(lastedNs) / 1e9 }),
  });
}

function find(accounts: readonly Account[], { counter }: Account): Account {
  return accounts.find((account) => account.counter === counter) ?? { counter, seen: 0, losses: [] };
}

/** Difference of two accounts, with the losses that grew. */
function growth(before: Account, { counter, seen, losses }: Account): Account {
  const grown = losses.map(({ kind, events }): Loss => ({ kind, events: events - eventsOf(before, kind) }));
  return { counter, seen: Math.max(0, seen - before.seen), losses: grown.filter(({ events }) => events > 0) };
}

function sum(a: Account, b: Account): Account {
  const kinds = [...new Set([...a.losses, ...b.losses].map(({ kind }) => kind))];
  const losses = kinds.map((kind): Loss => ({ kind, events: eventsOf(a, kind) + eventsOf(b, kind) }));
  return { counter: a.counter, seen: a.seen + b.seen, losses };
}

function eventsOf({ losses }: Account, wanted: Loss['kind']): number {
  return losses.reduce((events, loss) => (loss.kind === wanted ? events + loss.events : events), 0);
}
