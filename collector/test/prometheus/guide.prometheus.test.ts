/** The example of the guide, by Alertmanager's own tool and by Alertmanager itself. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deriveId } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { freePorts } from '@tcewatch/testing/kafka';
import { commandsFor } from '@tcewatch/testing/pages';
import { ALERTMANAGER, TOOLS, startAlertmanager } from '@tcewatch/testing/programs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertmanagerNotifier } from '../../src/notifier/alertmanager.js';
import { createReceiver } from '../../src/notifier/receiver.js';
import { firingAlert } from '../events.js';

describe.skipIf(ALERTMANAGER === undefined || !TOOLS)("the guide's configuration of Alertmanager", () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let config: string;
  let alertmanager: Awaited<ReturnType<typeof startAlertmanager>>;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    config = join(directory.path, 'alertmanager.yaml');
    const guide = await readFile(new URL('../../../docs/guides/alertmanager.md', import.meta.url), 'utf8');
    await writeFile(config, /```yaml\n(route:.*?)```/s.exec(guide)?.[1] ?? '');
    const [port = 0] = await freePorts(1);
    alertmanager = await startAlertmanager(join(directory.path, 'data'), config, port);
  });

  afterAll(async () => {
    await alertmanager.program.end();
    await directory.remove();
  });

  const amtool = (...args: string[]) => execFileSync('amtool', args, { encoding: 'utf8' }).trim();

  it('is one that amtool takes', () => {
    expect(amtool('check-config', config)).toMatch(/SUCCESS[\s\S]*2 inhibit rules[\s\S]*3 receivers/);
  });

  it.each([
    [['alertname=TceAccelerationLost', 'severity=critical'], 'virtualisation-on-call'],
    [['alertname=TceTelemetrySilent', 'severity=warning'], 'virtualisation'],
    [['alertname=Other', 'severity=critical'], 'operators'],
  ])('sends %j to %s', (labels, receiver) => {
    expect(amtool('config', 'routes', 'test', `--config.file=${config}`, ...labels)).toBe(receiver);
  });

  it('keeps to itself what its rules say, of the labels that the collector gives', async () => {
    const notifier = alertmanagerNotifier({
      name: 'alertmanager',
      receiver: createReceiver({ url: `${alertmanager.url}/api/v2/alerts`, tls: {}, timeout: 60_000 }),
      repeatEvery: 60_000,
      labels: {},
      links: {},
    });
    const [a, b, c] = ['a', 'b', 'c'].map(firingAlert);
    if (!a || !b || !c) throw new Error('no alerts');
    await notifier.notify([
      { ...a, hostId: 'twice' },
      { ...b, hostId: 'twice', alert: 'TceDuplicateIdentity', vm: null },
      { ...c, hostId: 'once' },
    ]);
    await notifier.notify([{ ...c, alertId: deriveId('lower'), hostId: 'once', severity: 'warning' }]);
    const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
    const alerts = (await response.json()) as { labels: Record<string, string>; status: { inhibitedBy: string[] } }[];
    const kept = alerts.map(({ labels, status }) => {
      const inhibited = status.inhibitedBy.length > 0 ? 'inhibited' : 'told';
      return `${labels['alertname'] ?? ''} ${labels['severity'] ?? ''} ${labels['host_id'] ?? ''} ${inhibited}`;
    });
    expect(kept.sort()).toEqual([
      'TceDuplicateIdentity critical twice told',
      'TceNeverAccelerated critical once told',
      'TceNeverAccelerated critical twice inhibited',
      'TceNeverAccelerated warning once inhibited',
    ]);
  });

  it.each(commandsFor('Alertmanager'))('is silenced as $page says', async ({ page, commands }) => {
    // Where amtool looks for the default, and where Debian's does.
    for (const file of ['.config/amtool/config.yml', '.config/prometheus/amtool.yml']) {
      await mkdir(dirname(join(directory.path, file)), { recursive: true });
      await writeFile(join(directory.path, file), `alertmanager.url: ${alertmanager.url}\n`);
    }
    const env = { ...process.env, HOME: directory.path };
    for (const { script } of commands) {
      const filled = script.replace('https://am-1.example:9093', alertmanager.url);
      const [id] = execFileSync('bash', ['-ec', filled], { env, encoding: 'utf8' }).split('\n');
      const answer = await fetch(`${alertmanager.url}/api/v2/silence/${id ?? ''}`);
      const silence = (await answer.json()) as { status: { state: string }; matchers: { name: string }[] };
      expect(silence.status.state).toBe('active');
      expect(silence.matchers.map(({ name }) => name)).toContain(
        page.startsWith('docs/runbooks/') ? 'alertname' : 'vm',
      );
    }
  });
});
