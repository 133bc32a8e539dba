/** What collector and agent say of themselves, read by a real Prometheus and judged by its linter. */
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { freePorts } from '@tcewatch/testing/kafka';
import { PROMETHEUS, TOOLS, ready, startOurs, startProgram } from '@tcewatch/testing/programs';
import type { Program } from '@tcewatch/testing/programs';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

describe.skipIf(PROMETHEUS === undefined || !TOOLS)('with a real Prometheus', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  const programs: Program[] = [];
  const urls: Record<string, string> = {};
  let prometheus: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    const data = ['--clickhouse-embedded-directory', join(directory.path, 'clickhouse')];
    const collector = startOurs('collector', ['run', '--listen-port', '0', ...data]);
    const replay = ['--source', 'replay', '--replay-directory', await unpack('fallback-6.1')];
    const agent = startOurs('agent', ['run', '--listen-port', '0', ...replay]);
    programs.push(collector, agent);
    urls['collector'] = (await collector.says(/\{"url":"(.*?)"\}/))[1] ?? '';
    urls['agent'] = (await agent.says(/listening on (http:[^"]+)/))[1] ?? '';
    const body = Buffer.from(frameBatches((await recordedBatches('fallback-6.1')).slice(0, 3).map(encodeBatch)));
    const headers = { 'content-type': 'application/x-protobuf' };
    expect((await fetch(`${urls['collector']}/v1/batches`, { method: 'POST', headers, body })).status).toBe(202);

    const config = join(directory.path, 'prometheus.yaml');
    const scrape_configs = Object.entries(urls).map(([job, url]) => ({
      job_name: job,
      scrape_interval: '1s',
      static_configs: [{ targets: [new URL(url).host] }],
    }));
    await writeFile(config, JSON.stringify({ scrape_configs }));
    const [port] = await freePorts(1);
    prometheus = `http://127.0.0.1:${port}`;
    programs.push(
      startProgram(PROMETHEUS ?? '', [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory.path, 'tsdb')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ]),
    );
    await ready(`${prometheus}/-/ready`);
  });

  afterAll(async () => {
    await Promise.all(programs.map((program) => program.end()));
    await directory.remove();
  });

  async function query(expression: string): Promise<unknown[]> {
    const response = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`);
    return ((await response.json()) as { data: { result: unknown[] } }).data.result;
  }

  it.each([
    ['collector', 'tcewatch_collector_batches_total{outcome="accepted"} == 3'],
    ['collector', 'tcewatch_collector_notification_oldest_age_seconds{notifier="log"} == 0'],
    ['agent', 'tcewatch_agent_info'],
  ])('reads the %s: %s', async (job, expression) => {
    await vi.waitUntil(async () => (await query(`up{job="${job}"} == 1`)).length === 1, { timeout: 60_000 });
    expect(await query(expression)).toHaveLength(1);
  });

  it.each(['collector', 'agent'])('finds nothing to say against the metrics of the %s', async (name) => {
    const text = await (await fetch(`${urls[name] ?? ''}/metrics`)).text();
    // Those of the process come from prom-client, and have names of its own.
    const own = text
      .split('\n')
      .filter((line) => /^(# (HELP|TYPE) )?tcewatch_/.test(line))
      .join('\n');
    expect(own.length).toBeGreaterThan(100);
    expect(execFileSync('promtool', ['check', 'metrics'], { input: `${own}\n`, encoding: 'utf8' })).toBe('');
  });
});
