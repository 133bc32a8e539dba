/** From batches to the receivers of two real Alertmanagers, by two real collectors, one of which is killed meanwhile. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveId, encodeBatch, frameBatches } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { batchOf } from '@tcewatch/testing/batches';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { freePorts } from '@tcewatch/testing/kafka';
import { ALERTMANAGER, startAlertmanager, startHook, startOurs } from '@tcewatch/testing/programs';
import type { Program } from '@tcewatch/testing/programs';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firingAlert } from '../events.js';
import { surroundings } from '../store/surroundings.js';
import type { Surroundings } from '../store/surroundings.js';

interface Collector {
  url: string;
  program: Program;
}

/** Alerts whose way from the batch to Alertmanager is timed. */
const TIMED = 9;

describe.skipIf(ALERTMANAGER === undefined)('with real Alertmanagers', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let around: Surroundings;
  let hook: Awaited<ReturnType<typeof startHook>>;
  let alertmanagers: Awaited<ReturnType<typeof startAlertmanager>>[] = [];
  const collectors: Collector[] = [];

  beforeAll(async () => {
    directory = await temporaryDirectory();
    around = await surroundings();
    hook = await startHook();
    const ports = await freePorts(2);
    alertmanagers = await Promise.all(
      ports.map(async (port, i) => {
        const config = join(directory.path, `alertmanager-${i}.yaml`);
        const route = { receiver: 'hook', group_by: ['...'], group_wait: '10ms', group_interval: '100ms' };
        const receivers = [{ name: 'hook', webhook_configs: [{ url: `${hook.url}/${i}` }] }];
        await writeFile(config, JSON.stringify({ route, receivers }));
        return startAlertmanager(join(directory.path, `alertmanager-${i}`), config, port);
      }),
    );
    const { url, username: user, password } = around.clickhouse;
    const settings = {
      listen: { port: 0 },
      clickhouse: { url, user, password, retention: { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 } },
      publicUrl: 'https://tce.example',
      notifiers: [{ type: 'alertmanager', urls: alertmanagers.map((one) => one.url), labels: { site: 'north' } }],
    };
    await writeFile(join(directory.path, 'collector.yaml'), JSON.stringify(settings));
    collectors.push(await startCollector());
  });

  afterAll(async () => {
    await Promise.all([...collectors, ...alertmanagers].map(({ program }) => program.end()));
    hook.close();
    await around.close();
    await directory.remove();
  });

  async function startCollector(): Promise<Collector> {
    const program = startOurs('collector', ['run', '--config', join(directory.path, 'collector.yaml')]);
    const [, url = ''] = await program.says(/\{"url":"(.*?)"\}/);
    return { url, program };
  }

  async function post({ url }: Collector, batches: readonly Batch[]): Promise<void> {
    const headers = { 'content-type': 'application/x-protobuf' };
    const body = Buffer.from(frameBatches(batches.map(encodeBatch)));
    const response = await fetch(`${url}/v1/batches`, { method: 'POST', headers, body });
    expect(response.status).toBe(202);
  }

  /** Notifications that Alertmanagers have made of a VM: which of them, and of what. */
  const notified = (vm: string) =>
    hook.received
      .filter(({ labels }) => labels['vm'] === vm)
      .map(({ path, status }) => `${path} ${status}`)
      .sort();

  /** Resolves when both Alertmanagers were told again of what fires. */
  async function repeated({ url }: Collector): Promise<void> {
    const told = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return alertmanagers.every((one) => {
        const labels = `{notifier="alertmanager@${new URL(one.url).host}",outcome="repeated"}`;
        return text.includes(`tcewatch_collector_notifications_total${labels}`);
      });
    };
    await expect.poll(told, { timeout: 60_000 }).toBe(true);
  }

  const first = (): Collector => collectors[0] ?? expect.fail('no collector');
  const FIRING = ['/0 firing', '/1 firing'];

  it('tells a fallback once, through a kill -9 and by two collectors, and its end', async () => {
    const all = await recordedBatches('vfio-7.2');
    const batches = all.filter((_, i) => i % 8 === 0 || i === all.length - 1);
    const middle = batches.findIndex(({ clock }) => clock.uptimeNs > 330_000_000_000n);
    const [before, after] = [batches.slice(0, middle), batches.slice(middle)];

    await post(first(), before);
    await expect.poll(() => notified('hot'), { timeout: 60_000 }).toEqual(FIRING);
    const life = before.at(-1)?.vms.find(({ name }) => name === 'hot');
    expect(hook.received[0]).toMatchObject({
      labels: {
        alertname: 'TceAccelerationLost',
        severity: expect.stringMatching(/^(warning|critical)$/) as string,
        host: before[0]?.host.name,
        host_id: 'vfio-7.2',
        vm: 'hot',
        vm_uuid: life?.uuid,
        site: 'north',
      },
      url: `https://tce.example/#/vms/${life?.life ?? ''}`,
    });

    await first().program.end('SIGKILL');
    // Stored, and its teller killed before it told.
    const store = await around.open('tcewatch');
    await store.insertAlertEvents([{ ...firingAlert('untold'), alertId: deriveId('untold') }]);
    collectors[0] = await startCollector();
    await expect.poll(() => notified('untold'), { timeout: 60_000 }).toEqual(FIRING);
    await repeated(first());

    const second = await startCollector();
    collectors.push(second);
    await post(second, before);
    await repeated(second);
    expect(notified('hot')).toEqual(FIRING);

    await Promise.all([post(first(), after), post(second, after)]);
    await expect
      .poll(() => notified('hot'), { timeout: 60_000 })
      .toEqual([...FIRING, '/0 resolved', '/1 resolved'].sort());
    expect(notified('untold')).toEqual(FIRING);
  });

  it('tells soon: prints the median time from the batch to Alertmanager', async () => {
    const [alertmanager] = alertmanagers;
    const times: number[] = [];
    const stored: number[] = [];
    for (let i = 0; i < TIMED; i++) {
      const host = `timed-${i}`;
      const [base, begin, crossing] = [0, 100, 200].map((calls, j) =>
        batchOf({
          host,
          uptime: 1000 + 10 * j,
          vms: [{ name: `vm-${i}`, counts: { H_PUT_TCE: { entered: calls, punted: calls } } }],
        }),
      ) as [Batch, Batch, Batch];
      await post(first(), [base, begin]);
      const startedAt = performance.now();
      const known = async () => {
        const filter = encodeURIComponent(`host_id="${host}"`);
        const response = await fetch(`${alertmanager?.url ?? ''}/api/v2/alerts?filter=${filter}`);
        return ((await response.json()) as unknown[]).length;
      };
      await post(first(), [crossing]);
      stored.push(performance.now() - startedAt);
      await expect.poll(known, { interval: 5, timeout: 60_000 }).toBe(1);
      times.push(performance.now() - startedAt);
    }
    const median = (of: number[]): string => (of.toSorted((a, b) => a - b)[(TIMED - 1) / 2] ?? NaN).toFixed(0);
    process.stdout.write(
      `from the batch that crosses the threshold to Alertmanager: median ${median(times)} ms of ${TIMED} alerts ` +
        `(target: under 1000 ms), of which ${median(stored)} ms until batch and event were stored\n`,
    );
    expect(times).toHaveLength(TIMED);
  });

  it('goes on telling one Alertmanager while the other is down', async () => {
    await alertmanagers[0]?.program.end('SIGKILL');
    const batches = [0, 100, 200].map((calls, j) =>
      batchOf({
        host: 'h-down',
        uptime: 1000 + 10 * j,
        vms: [{ name: 'down', counts: { H_PUT_TCE: { entered: calls, punted: calls } } }],
      }),
    );
    await post(first(), batches);
    await expect.poll(() => notified('down'), { timeout: 60_000 }).toEqual(['/1 firing']);
  });
});
