/** One word for each VM: decided from what is stored, and from nothing else. */
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { fleetBody } from '../../src/api/fleet.js';
import type { AlertEvent } from '../../src/model.js';
import type { CountRow, HostRow, Queries } from '../../src/store/index.js';
import { HPT, PR, RADIX, lifeOf } from '../batches.js';
import { firingAlert } from '../events.js';
import { get, life, vm } from './ask.js';

type Fleet = z.infer<typeof fleetBody>[];

const READ_AT = 1_795_348_800n * 1_000_000_000n + 30_000_000_000n;
const host: HostRow = {
  hostId: 'h',
  hostName: 'h.example',
  kernel: '7.2.0',
  cpu: 'POWER10',
  platform: 'pSeries',
  agentVersion: '0.1.0',
  source: 'hist',
  bootId: lifeOf('boot'),
  epoch: lifeOf('epoch'),
  intervalNs: 10_000_000_000n,
  readAtNs: READ_AT,
  problems: [],
};
const calls = (counters: CountRow['counters']): CountRow => ({ hostId: 'h', life, hypercall: 'H_PUT_TCE', counters });
const alertOf = (changes: Partial<AlertEvent>): AlertEvent => {
  const alert = firingAlert();
  return { ...alert, hostId: 'h', vm: alert.vm && { ...alert.vm, life }, ...changes };
};

async function fleet(given: Partial<Queries>): Promise<Fleet> {
  const { status, body } = await get('/v1/fleet', { hosts: () => Promise.resolve([host]), ...given });
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Fleet;
}

describe('the state of a VM', () => {
  const recent = () => Promise.resolve([calls({ entered: 330, punted: 30 })]);
  const vmsWith = (evidence: typeof RADIX) => () => Promise.resolve([{ ...vm, evidence }]);
  const alerts = (...all: AlertEvent[]): Queries['alerts'] => {
    return ({ state }) => Promise.resolve(all.filter((one) => state === undefined || one.state === state));
  };
  const silence = alertOf({ alert: 'TceTelemetrySilent', vm: null });

  it.each<[string, string, Partial<Queries>]>([
    ['accelerated', 'the kernel handles its calls', { recent }],
    ['idle', 'it called nothing', {}],
    ['unobservable', 'real mode cannot be seen', { recent, vms: vmsWith(HPT) }],
    ['unobservable', 'real mode cannot be seen and nothing was', { vms: vmsWith(HPT) }],
    ['unobservable', 'it runs on KVM PR', { recent, vms: vmsWith(PR) }],
    ['fallback', 'its alert fires', { recent, alerts: alerts(alertOf({})) }],
    [
      'fallback',
      'its alert fires, though real mode cannot be seen',
      { vms: vmsWith(HPT), alerts: alerts(alertOf({})) },
    ],
    ['accelerated', 'its alert was resolved', { recent, alerts: alerts(alertOf({ state: 'resolved' })) }],
    ['silent', 'its host does not report', { recent, alerts: alerts(silence) }],
    ['silent', 'nobody knows whether it still falls back', { recent, alerts: alerts(silence, alertOf({})) }],
    ['accelerated', 'the alert is of another VM', { recent, alerts: alerts(firingAlert('b')) }],
  ])('is %s: %s', async (state, _, given) => {
    expect(await fleet(given)).toMatchObject([{ state }]);
  });

  it('comes with its figures over the time that they are of', async () => {
    expect(await fleet({ recent })).toMatchObject([
      {
        host: { id: 'h', name: 'h.example' },
        vm: 'a',
        readAt: '2026-11-22T12:00:30.000Z',
        seconds: 330,
        callsPerSecond: 1,
        modes: [
          { mode: 'real', calls: 0, evidence: 'absent' },
          { mode: 'virtual', calls: 300, evidence: 'exact' },
          { mode: 'userspace', calls: 30, evidence: 'exact' },
        ],
        alert: null,
      },
    ]);
  });

  it('never makes 0 of what nobody can observe', async () => {
    const [only] = await fleet({ recent, vms: vmsWith(HPT) });
    expect(only?.modes[0]).toMatchObject({ mode: 'real', calls: null, evidence: 'unobservable' });
  });

  it('says of a VM on KVM PR why nobody knows, and that its punts are at most as many', async () => {
    const [only] = await fleet({ recent, vms: vmsWith(PR) });
    expect(only?.modes).toMatchObject([
      { mode: 'real', calls: 0, evidence: 'absent', reason: 'kvm-pr' },
      { mode: 'virtual', calls: null, evidence: 'unobservable', reason: 'kvm-pr' },
      { mode: 'userspace', calls: 30, evidence: 'upper-bound', reason: 'all-hypercalls-counted' },
    ]);
  });

  it('shows the alert that fires before one that is newer and does not', async () => {
    const older = alertOf({});
    const newer = alertOf({ alertId: lifeOf('newer'), state: 'resolved', firedAtNs: older.firedAtNs + 1n });
    expect(await fleet({ recent, alerts: alerts(newer, older) })).toMatchObject([
      { state: 'fallback', alert: { alertId: older.alertId } },
    ]);
  });
});

it('leaves out VMs that have ended, and guests that count themselves', async () => {
  expect(await fleet({ vms: () => Promise.resolve([{ ...vm, ended: true }]) })).toEqual([]);
  expect(await fleet({ hosts: () => Promise.resolve([{ ...host, source: 'guest' }]) })).toEqual([]);
});
