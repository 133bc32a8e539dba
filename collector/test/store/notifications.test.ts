/** The history of alerts, and who was told of them. */
import { deriveId } from '@tcewatch/protocol';
import { SECOND } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import { untold } from '../../src/notifier/index.js';
import type { Store } from '../../src/store/index.js';
import { firingAlert } from '../events.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const HOUR = 3600n * SECOND;

let around: Surroundings;
/** The collector's clock. */
let now = 1_800_000_000n * SECOND;

beforeAll(async () => {
  around = await surroundings();
});
afterAll(() => around.close());

const open = (database: string): Promise<Store> => around.open(database, { now: () => now });

function alert(name: string, more: Partial<AlertEvent> = {}): AlertEvent {
  return { ...firingAlert(name), alertId: deriveId(name), ...more };
}

function ended(event: AlertEvent, afterNs: bigint): AlertEvent {
  const atNs = event.firedAtNs + afterNs;
  return { ...event, state: 'resolved', revision: event.revision + 1, atNs, resolvedAtNs: atNs };
}

const a = alert('a');
const b = alert('b', { severity: 'warning', firedAtNs: a.firedAtNs + HOUR, hostId: 'i' });
const c = alert('c', { alert: 'TceCountsIncomplete', firedAtNs: a.firedAtNs + 2n * HOUR, vm: null });

it('alerts are chosen by host, VM, state, severity, name and time; each has its events', async () => {
  const store = await open('history');
  await store.insertAlertEvents([a, b, c]);
  await store.insertAlertEvents([ended(a, 60n * SECOND), a]);
  const names = async (filter: object) => {
    const found = await store.alerts({ limit: 10, ...filter });
    return found.map(({ alertId }) => [a, b, c].findIndex((one) => one.alertId === alertId));
  };
  expect(await names({})).toEqual([2, 1, 0]);
  expect(await names({ hostId: 'i' })).toEqual([1]);
  expect(await names({ vm: 'a' })).toEqual([0]);
  expect(await names({ state: 'firing' })).toEqual([2, 1]);
  expect(await names({ severity: 'warning' })).toEqual([1]);
  expect(await names({ alert: 'TceCountsIncomplete' })).toEqual([2]);
  expect(await names({ sinceNs: a.firedAtNs + 60n * SECOND })).toEqual([2, 1, 0]);
  expect(await names({ sinceNs: a.firedAtNs + 61n * SECOND })).toEqual([2, 1]);
  expect(await names({ untilNs: b.firedAtNs })).toEqual([0]);
  expect(await names({ untilNs: b.firedAtNs + 1n, hostId: 'i', state: 'firing', limit: 1 })).toEqual([1]);
  expect(await store.alertEvents(a.alertId)).toEqual([a, ended(a, 60n * SECOND)]);
  expect(await store.alertEvents(deriveId('nobody'))).toEqual([]);
});

it('what each notifier was not told of the last day is known after a restart', async () => {
  const store = await open('told');
  const left = async (names: readonly string[]) =>
    (await untold(store, names, now)).map(
      ({ notifier, event }) => `${notifier} ${event.vm?.name ?? ''} ${event.revision}`,
    );
  const told = (notifier: string, { hostId, alertId, revision }: AlertEvent) =>
    store.insertNotifications([{ notifier, hostId, alertId, revision, atNs: now }]);

  await store.insertAlertEvents([a]);
  now += SECOND;
  expect(await left(['x', 'y'])).toEqual([]);
  now += SECOND;
  await store.insertAlertEvents([ended(a, SECOND), b]);
  now += SECOND;
  // Of what was before they were there, they are told nothing; nor is one that is new.
  expect(await left(['x', 'y', 'new'])).toEqual(['x a 1', 'x b 0', 'y a 1', 'y b 0']);
  await told('x', b);
  await told('x', b);
  await told('y', ended(a, SECOND));
  expect(await left(['x', 'y'])).toEqual(['x a 1', 'y b 0']);
  now += 23n * HOUR;
  expect(await left(['x', 'y'])).toEqual(['x a 1', 'y b 0']);
  now += HOUR;
  expect(await left(['x', 'y'])).toEqual([]);
});

it('of what collectors before the record stored, nobody is told again', async () => {
  const store = await open('older');
  expect(await untold(store, ['x'], now)).toEqual([]);
  now += SECOND;
  const storedLongAgo = await around.open('older', { now: () => 0n });
  await storedLongAgo.insertAlertEvents([a]);
  expect(await untold(store, ['x'], now)).toEqual([]);
});
