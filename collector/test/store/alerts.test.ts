import { deriveId } from '@tcewatch/protocol';
import { BOOTED, LIFE, SECOND } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { Store } from '../../src/store/index.js';
import { surroundings } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

let around: Surroundings;
let store: Store;

beforeAll(async () => {
  around = await surroundings();
  store = await around.open('alerts');
});

afterAll(() => around.close());

const FIRED = BOOTED + 123_456_789n;

function alert(name: string, firedAtNs = FIRED): AlertEvent {
  return {
    alertId: deriveId(name),
    alert: 'TceAccelerationLost',
    severity: 'warning',
    state: 'firing',
    revision: 0,
    atNs: firedAtNs,
    hostId: 'h1',
    hostName: 'h1.example',
    vm: { life: LIFE, name, uuid: '' },
    firedAtNs,
    resolvedAtNs: null,
    cause: { code: 'unknown', confidence: 'possible', summary: "it's\nso", advice: 'look "there"' },
    impact: { known: 'estimated', throughputLeft: { from: 0.2, to: 0.3 } },
    evidence: {
      facts: ['5 of 10 calls'],
      calls: { entered: 10, punted: 5, seconds: 2.5, hypercalls: {}, liobns: [] },
      before: null,
      after: null,
    },
  };
}

const fired = alert('a');
const sharper: AlertEvent = {
  ...fired,
  revision: 1,
  atNs: FIRED + SECOND,
  severity: 'critical',
  cause: { code: 'table-left-kernel-vfio', confidence: 'likely', summary: 's', advice: 'a' },
  impact: { known: 'measured', lostMsPerSecond: 35.04 },
  evidence: {
    ...fired.evidence,
    before: { tceTables: 2, vfioGroups: [], observedAtNs: 2n ** 60n + 1n },
    after: { tceTables: 1, vfioGroups: [2], observedAtNs: FIRED },
  },
};
const resolved: AlertEvent = {
  ...sharper,
  state: 'resolved',
  revision: 2,
  atNs: FIRED + 9n * SECOND,
  resolvedAtNs: FIRED + 9n * SECOND,
};
const other = alert('b', FIRED + SECOND);
const silent: AlertEvent = {
  ...alert('h1', FIRED - SECOND),
  alert: 'TceTelemetrySilent',
  vm: null,
  impact: null,
  evidence: { facts: [], calls: null, before: null, after: null },
};

it('an alert is what its newest event says, in whatever order and however often events come', async () => {
  await store.insertAlertEvents([sharper, fired, other]);
  expect(await store.firingAlerts()).toEqual([other, sharper]);
  await store.insertAlertEvents([resolved]);
  await store.insertAlertEvents([fired, sharper]);
  expect(await store.firingAlerts()).toEqual([other]);
  expect(await store.alerts({ limit: 10 })).toEqual([other, resolved]);
});

it('alerts are chosen by VM and state, the newest first', async () => {
  expect(await store.alerts({ vm: 'a', limit: 10 })).toEqual([resolved]);
  expect(await store.alerts({ vm: 'a', state: 'firing', limit: 10 })).toEqual([]);
  expect(await store.alerts({ state: 'resolved', limit: 10 })).toEqual([resolved]);
  expect(await store.alerts({ limit: 1 })).toEqual([other]);
});

it('nothing is asked of ClickHouse for no events', async () => {
  await store.insertAlertEvents([]);
  expect(await store.alerts({ limit: 10 })).toHaveLength(2);
});

it('an alert about a host has no VM', async () => {
  await store.insertAlertEvents([silent]);
  expect(await store.firingAlerts()).toEqual([other, silent]);
});
