/** Who the fleet is now: lives that the newest readings told of, and the alert of each that matters. */
import { deriveId } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import { selectLivingVms, selectNewestAlerts } from '../../src/store/select/fleet.js';
import { firingAlert } from '../events.js';
import { Explaining } from './explaining.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const DAY = 86_400;

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});

afterAll(() => around.close());

const life = (name: string) => deriveId('fleet', name);
const read = (host: string, uptime: number, vms: { name: string; ended?: boolean }[]) =>
  batchOf({ host, uptime, series: [], vms: vms.map((vm) => ({ ...vm, life: life(vm.name) })) });

it('is the VMs that have not ended, of the day in which their host was last read', async () => {
  const store = await around.open('fleet_living');
  await store.insertBatches([
    read('h1', 10, [{ name: 'stays' }, { name: 'ends' }, { name: 'vanishes' }]),
    read('h2', 10, [{ name: 'silent' }]),
  ]);
  const names = async () => (await store.livingVms()).map(({ vm }) => vm).sort();
  expect(await names()).toEqual(['ends', 'silent', 'stays', 'vanishes']);
  await store.insertBatches([read('h1', 20, [{ name: 'stays' }, { name: 'ends', ended: true }, { name: 'vanishes' }])]);
  expect(await names()).toEqual(['silent', 'stays', 'vanishes']);
  // Its agent was not there when it ended.
  await store.insertBatches([read('h1', DAY + 10, [{ name: 'stays' }])]);
  await store.insertBatches([read('h1', 2 * DAY + 10, [{ name: 'stays' }])]);
  expect(await names()).toEqual(['silent', 'stays']);
  expect((await store.livingVms()).find(({ vm }) => vm === 'stays')).toEqual({
    hostId: 'h1',
    life: life('stays'),
    vm: 'stays',
    uuid: '',
    startedAtNs: expect.any(BigInt) as bigint,
    evidence: [],
  });
});

it('has of each VM the alert that fires, else the newest, and of hosts all that fire', async () => {
  const store = await around.open('fleet_alerts');
  await store.insertBatches([read('h1', 10, [{ name: 'a' }, { name: 'b' }])]);
  const about = (id: string, vm: string | null, changes: Partial<AlertEvent>): AlertEvent => ({
    ...firingAlert(),
    alertId: deriveId(id),
    hostId: 'h1',
    vm: vm === null ? null : { name: vm, life: life(vm), uuid: '' },
    ...changes,
  });
  await store.insertAlertEvents([
    about('a old', 'a', { firedAtNs: 1n }),
    about('a new', 'a', { firedAtNs: 2n }),
    about('a new', 'a', { firedAtNs: 2n, revision: 1, state: 'resolved' }),
    about('b old', 'b', { firedAtNs: 1n, revision: 1, state: 'resolved' }),
    about('b new', 'b', { firedAtNs: 2n, revision: 1, state: 'resolved' }),
    about('gone', 'gone', {}),
    about('silent', null, { alert: 'TceTelemetrySilent' }),
    about('twice', null, { alert: 'TceDuplicateIdentity' }),
    about('was silent', null, { alert: 'TceTelemetrySilent', firedAtNs: 9n, state: 'resolved', revision: 1 }),
  ]);
  const clickhouse = new Explaining(around.clickhouse, 'fleet_alerts');
  const newest = await selectNewestAlerts(clickhouse);
  expect(newest.map(({ alertId }) => alertId).sort()).toEqual(
    ['a old', 'b new', 'silent', 'twice'].map((id) => deriveId(id)).sort(),
  );
  await selectLivingVms(clickhouse);
  // Sets of keys, which it makes of hosts and facts, are not in the estimate.
  expect([...clickhouse.read.keys()].sort()).toEqual(['alert_events', 'vms']);
  await clickhouse.close();
});
