/** Real mode, derived from what a guest counts itself, through a real store. */
import { deriveId, deriveModes } from '@tcewatch/protocol';
import type { Batch, ModeEvidence } from '@tcewatch/protocol';
import { BOOTED, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withGuests } from '../../src/guests/queries.js';
import type { StoreQueries, Store } from '../../src/store/index.js';
import { surroundings } from '../store/surroundings.js';
import type { Surroundings } from '../store/surroundings.js';

const UUID = '1f6f5d0a-92cf-4f0e-8b74-3c1d5e6f7b02';
const HPT: ModeEvidence[] = [
  { mode: 'real', evidence: 'unobservable', reason: 'real-mode-invisible' },
  { mode: 'virtual', evidence: 'exact', reason: '' },
  { mode: 'userspace', evidence: 'exact', reason: '' },
];
const RADIX: ModeEvidence[] = [{ mode: 'real', evidence: 'absent', reason: 'real-mode-retired' }, ...HPT.slice(1)];
const LIFE = deriveId('life', 'vm');
const at = (uptime: number): bigint => BOOTED + BigInt(uptime) * SECOND;

/** The host has seen so many calls of its VM, and punted all of them. */
function hostSaw(uptime: number, calls: number, evidence = HPT): Batch {
  return batchOf({
    uptime,
    host: 'host',
    vms: [{ life: LIFE, name: 'n2', uuid: UUID, evidence }],
    series: [{ value: calls }, { counter: 'punted', scope: 'all', liobn: 0n, value: calls }],
  });
}

/** The guest has issued so many since its agent's instance was made. */
function guestIssued(uptime: number, calls: number, epoch = 'g1'): Batch {
  const batch = batchOf({
    uptime,
    epoch,
    host: 'guest',
    vms: [{ life: deriveId('life', 'guest'), name: 'n2', uuid: UUID.toUpperCase(), tgid: 0 }],
    series: [{ counter: 'issued', scope: 'all', liobn: 0n, value: calls }],
  });
  return { ...batch, host: { ...batch.host, source: 'guest' } };
}

let around: Surroundings;
beforeAll(async () => {
  around = await surroundings();
});
afterAll(() => around.close());

async function stored(database: string, batches: readonly Batch[]): Promise<Store> {
  const store = await around.open(database);
  await store.insertBatches(batches);
  return store;
}

/** `real derived guest-issued 990`, in the modes' order. */
async function modes(queries: StoreQueries, range = {}): Promise<string[]> {
  const [vm] = await queries.vms({ life: LIFE });
  const rows = await queries.counters({ life: LIFE, ...range });
  const row = rows.find(({ hypercall }) => hypercall === 'H_PUT_TCE');
  return deriveModes('H_PUT_TCE', row?.counters ?? {}, vm?.evidence ?? []).map(({ mode, calls, evidence, reason }) =>
    `${mode} ${evidence} ${reason} ${calls}`.replace('  ', ' '),
  );
}

describe('a healthy HPT guest on a kernel with real mode', () => {
  const history = [
    // Before the guest's agent starts, the host saw 7 calls; the guest had issued 100 of its epoch by its first reading.
    hostSaw(10, 7),
    guestIssued(20, 100),
    hostSaw(30, 9),
    guestIssued(40, 600),
    hostSaw(50, 10),
    guestIssued(60, 1100),
    hostSaw(60.5, 10),
  ];

  it('is all in userspace to the host alone, which says that it does not see real mode', async () => {
    const store = await stored(
      'alone',
      history.filter(({ host }) => host.id === 'host'),
    );
    const expected = ['real unobservable real-mode-invisible null', 'virtual exact 0', 'userspace exact 10'];
    expect(await modes(store)).toEqual(expected);
    expect(await modes(withGuests(store))).toEqual(expected);
  });

  it('is nearly all in real mode once it counts itself', async () => {
    const queries = withGuests(await stored('joined', history));
    // From its first reading to its last the guest issued 1000, and the host saw 3 of them.
    expect(await modes(queries)).toEqual(['real derived guest-issued 997', 'virtual exact 0', 'userspace exact 10']);
  });

  it('is derived over a part of the time as well, and over none is not known', async () => {
    const queries = withGuests(await stored('ranges', history));
    expect(await modes(queries, { fromNs: at(41), toNs: at(61) })).toEqual([
      'real derived guest-issued 499',
      'virtual exact 0',
      'userspace exact 1',
    ]);
    expect((await modes(queries, { fromNs: at(1), toNs: at(15) }))[0]).toBe('real derived guest-issued null');
  });

  it('gives the same for batches that come twice, or out of order', async () => {
    const queries = withGuests(await stored('repeated', [...history.toReversed(), ...history]));
    expect((await modes(queries))[0]).toBe('real derived guest-issued 997');
  });

  it('adds up what several epochs of the guest agent saw', async () => {
    const again = [guestIssued(70, 5, 'g2'), hostSaw(75, 10), guestIssued(80, 55, 'g2'), hostSaw(80.5, 10)];
    const queries = withGuests(await stored('epochs', [...history, ...again]));
    expect((await modes(queries))[0]).toBe('real derived guest-issued 1047');
  });

  it('has it in each step that both were read in', async () => {
    const queries = withGuests(await stored('steps', history));
    const steps = await queries.counterSteps({ life: LIFE, fromNs: at(0), toNs: at(80), stepNs: 20n * SECOND });
    expect(steps.map(({ counters }) => counters.issued)).toEqual([undefined, undefined, 500, undefined]);
  });

  it('has it also when the host saw none of its calls', async () => {
    const quiet = history.map((batch) => (batch.host.id === 'host' ? withoutSeries(batch) : batch));
    const store = await stored('quiet', quiet);
    expect((await modes(withGuests(store)))[0]).toBe('real derived guest-issued 1000');
  });
});

it('leaves a host that sees all modes as it is, and the guest itself', async () => {
  const store = await stored('radix', [hostSaw(10, 7, RADIX), guestIssued(20, 100), guestIssued(40, 600)]);
  const queries = withGuests(store);
  expect((await modes(queries))[0]).toBe('real absent real-mode-retired 0');
  expect(await queries.counters({ hostId: 'guest' })).toEqual(await store.counters({ hostId: 'guest' }));
  expect(await queries.vms({ hostId: 'guest' })).toEqual(await store.vms({ hostId: 'guest' }));
});

function withoutSeries(batch: Batch): Batch {
  return batchOf({ uptime: Number(batch.clock.uptimeNs) / 1e9, host: 'host', vms: batch.vms, series: [] });
}
