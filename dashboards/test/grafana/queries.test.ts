/** Every query of the dashboards, as Grafana's data source puts it, on recordings of real hosts. */
import { deriveModes } from '@tcewatch/protocol';
import { BOOTED, LIFE, SECOND, batchOf } from '@tcewatch/testing/series-batches';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUERIES } from './asked.js';
import { RECORDINGS, fleetOfRecordings } from './fleet-of-recordings.js';
import type { Answer, Recording } from './fleet-of-recordings.js';

let fleet: Awaited<ReturnType<typeof fleetOfRecordings>>;

beforeAll(async () => {
  fleet = await fleetOfRecordings();
});
afterAll(() => fleet.close());

const viewOf: typeof fleet.viewOf = (...which) => fleet.viewOf(...which);

function sqlOf(name: string): string {
  const found = QUERIES.find((query) => query.name === name);
  if (!found) throw new Error(`there is no ${name}; there are: ${QUERIES.map((query) => query.name).join(', ')}`);
  return found.target.rawSql;
}

function objects({ meta, data }: Answer): Record<string, unknown>[] {
  return data.map((row) => Object.fromEntries<unknown>(row.map((value, i) => [meta[i]?.name ?? '', value])));
}

const ask = async (name: string, recording: Recording, options = {}): Promise<Record<string, unknown>[]> =>
  objects(await fleet.ask(sqlOf(name), viewOf(recording, options)));

describe('each query', () => {
  it.each(QUERIES)('survives variables without a value: $name', async ({ target: { rawSql: sql } }) => {
    await fleet.ask(sql, { ...viewOf('vfio-7.2'), variables: { host: [''], life: [''] } });
  });

  it.each(QUERIES)(
    'of a month reads no row that is finer than the hour: $name',
    async ({ target: { rawSql: sql } }) => {
      const view = viewOf('vfio-7.2', { intervalSeconds: 3600 });
      const month = { ...view, fromMs: view.fromMs - 30 * 86_400_000, toMs: view.toMs + 86_400_000 };
      const fine = ['readings', 'readings_minute', 'latencies', 'latencies_minute', 'host_readings'];
      const read = await fleet.tables(sql, month);
      expect(read.filter((table) => fine.includes(String(table)))).toEqual([]);
    },
  );

  it('of steps of a minute reads minutes, and of less the readings themselves', async () => {
    const sql = sqlOf('vm / Hypercalls by mode');
    const view = viewOf('vfio-7.2', { intervalSeconds: 60 });
    const before = { ...view, toMs: view.toMs + 86_400_000 };
    expect(await fleet.tables(sql, before)).toContain('readings_minute');
    expect(await fleet.tables(sql, { ...before, fromMs: Math.floor(view.fromMs / 60_000) * 60_000 })).not.toContain(
      'readings',
    );
    expect(await fleet.tables(sql, { ...before, intervalSeconds: 10 })).toContain('readings');
  });
});

describe('the fleet', () => {
  it('counts VMs by state; hosts that were last read long before are silent', async () => {
    const states = async (recording: Recording, toMs: number) =>
      objects(await fleet.ask(sqlOf('fleet / VMs'), { ...viewOf(recording), toMs }));
    const [alert] = await fleet.store.alerts({ hostId: 'fallback-6.1', limit: 1 });
    const resolvedMs = Number((alert?.resolvedAtNs ?? 0n) / 1_000_000n);
    const counts = { 'falling back': 0, silent: 0, unobservable: 0, idle: 0, accelerated: 0 };
    expect(await states('fallback-6.1', resolvedMs - 1)).toEqual([{ ...counts, 'falling back': 1, accelerated: 1 }]);
    // Then it calls less than an alert looks for; all of it goes to userspace still.
    expect(await states('fallback-6.1', resolvedMs + 1)).toEqual([{ ...counts, 'falling back': 1, accelerated: 1 }]);
    // The other recording was made later: then the host of the first is silent.
    const { toMs } = viewOf('vfio-7.2');
    expect(await states('vfio-7.2', toMs)).toEqual([{ ...counts, silent: 2, accelerated: 2 }]);
  });

  it('puts the VM first that has the most punts', async () => {
    expect(await ask('fleet / Worst VMs', 'fallback-6.1')).toEqual([
      expect.objectContaining({ VM: 'l2f', share: 1, 'host id': 'fallback-6.1', life: viewOf('fallback-6.1').life }),
    ]);
  });

  it('tells kernels and how the modes are known', async () => {
    expect(await ask('fleet / Kernels and evidence', 'vfio-7.2')).toContainEqual(
      expect.objectContaining({ kernel: '7.2.13+deb14-powerpc64le-64k', mode: 'real', evidence: 'absent', hosts: 1 }),
    );
  });

  it('has the alert with its cause', async () => {
    expect(await ask('fleet / Newest alerts', 'fallback-6.1')).toMatchObject([
      { alert: 'TceNeverAccelerated', VM: 'l2f', cause: 'no-in-kernel-table', state: 'resolved' },
    ]);
  });
});

describe.each(RECORDINGS)('a VM of %s', (recording) => {
  it('has the totals of the read API', async () => {
    const { fromMs, toMs, life } = viewOf(recording);
    const question = { life, fromNs: BigInt(fromMs) * 1_000_000n, toNs: BigInt(toMs) * 1_000_000n };
    const [counts, [row]] = await Promise.all([fleet.store.counters(question), fleet.store.vms({ life })]);
    const expected = counts.flatMap(({ hypercall, counters }) =>
      deriveModes(hypercall, counters, row?.evidence ?? []).map(({ mode, calls, evidence, reason }) => ({
        hypercall,
        mode,
        calls,
        evidence,
        reason,
      })),
    );
    const totals = await ask('vm / Totals and evidence', recording);
    expect(totals).toHaveLength(expected.length);
    expect(totals).toEqual(expect.arrayContaining(expected));
    expect(totals.find(({ mode, calls }) => mode === 'userspace' && Number(calls) > 0)).toBeDefined();
  });

  it.each([10, 60, 3600])('has the plot of the read API, in steps of %s s', async (intervalSeconds) => {
    const { fromMs, toMs, life } = viewOf(recording);
    const [steps, [row], plotted] = await Promise.all([
      fleet.store.counterSteps({
        life,
        fromNs: BigInt(fromMs) * 1_000_000n,
        toNs: BigInt(toMs) * 1_000_000n,
        stepNs: BigInt(intervalSeconds) * 1_000_000_000n,
      }),
      fleet.store.vms({ life }),
      ask('vm / Hypercalls by type and mode', recording, { intervalSeconds }),
    ]);
    const expected = steps
      .filter(({ read }) => read)
      .flatMap(({ atNs, hypercall, counters }) =>
        deriveModes(hypercall, counters, row?.evidence ?? []).map(({ mode, calls }) => ({
          time: new Date(Number(atNs / 1_000_000n)).toISOString().slice(0, 19).replace('T', ' '),
          label: `${hypercall} ${mode}`,
          calls,
        })),
      );
    const calls = plotted.map(({ time, label, value }) => ({
      time,
      label,
      calls: Math.round(Number(value) * intervalSeconds),
    }));
    expect(expected.length).toBeGreaterThan(0);
    expect(calls).toHaveLength(expected.length);
    expect(calls).toEqual(expect.arrayContaining(expected));
  });
});

it('leaves out of a plot what nobody can observe, and says NULL in a table', async () => {
  const blind = fleet.hosts['vfio-7.2']?.slice(-1).map((batch) => ({
    ...batch,
    host: { ...batch.host, id: 'blind' },
    vms: batch.vms.map((vm) => ({ ...vm, evidence: [] })),
  }));
  await fleet.store.insertBatches(blind ?? []);
  const view = { ...viewOf('vfio-7.2'), variables: { host: ['blind'], life: [viewOf('vfio-7.2').life] } };
  const rows = objects(await fleet.ask(sqlOf('host / VMs by mode'), view));
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.map(({ calls, evidence }) => [calls, evidence])).toEqual(rows.map(() => [null, 'unobservable']));
  expect((await fleet.ask(sqlOf('host / Hypercalls by VM and mode'), view)).data).toEqual([]);
});

it('has the slowest calls of the read API', async () => {
  const told = (uptime: number, fast: number, slow: number) =>
    batchOf({ uptime, series: [], latencies: [{ calls: fast }, { bucket: 10, calls: slow, totalUs: slow * 750 }] });
  await fleet.store.insertBatches([told(100, 0, 0), told(1900, 98, 2), told(3500, 198, 2)]);
  const step = 1200n * SECOND;
  const ms = (steps: bigint): number => Number((BOOTED + steps * step) / 1_000_000n);
  const view = { fromMs: ms(0n), toMs: ms(3n), intervalSeconds: 1200, variables: { host: ['h1'], life: [LIFE] } };
  const plotted = objects(await fleet.ask(sqlOf('vm / Slowest calls'), view));
  const measured = [1n, 2n].map((n) => ({ life: LIFE, fromNs: BOOTED + n * step, toNs: BOOTED + (n + 1n) * step }));
  const rows = await Promise.all(measured.map((question) => fleet.store.latency(question)));
  const slowestUs = rows.map(({ spans }) => spans[0]?.p99?.upToUs);
  expect(slowestUs).toEqual([1024, 512]);
  expect(plotted.map(({ label }) => label)).toEqual(['round_trip H_PUT_TCE', 'round_trip H_PUT_TCE']);
  expect(plotted.map(({ value }) => Number(value) * 1e6)).toEqual(slowestUs);
});

it('does not take a guest that counts itself for one more VM', async () => {
  const before = await ask('fleet / VMs', 'vfio-7.2');
  const issued = { counter: 'issued', scope: 'all', liobn: 0n } as const;
  const guest = (uptime: number) => batchOf({ host: 'guest', uptime, series: [{ ...issued, value: uptime }] });
  await fleet.store.insertBatches(
    [100, 200].map((uptime) => ({ ...guest(uptime), host: { ...guest(uptime).host, source: 'guest' as const } })),
  );
  expect(await ask('fleet / VMs', 'vfio-7.2')).toEqual(before);
});
