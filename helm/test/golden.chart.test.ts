import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agentSchema } from '@tcewatch/agent';
import { collectorSchema } from '@tcewatch/collector';
import { makeCertificates } from '@tcewatch/testing/tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { EXAMPLES, LEAST, at, exampleFile, hasGo, over, render, template } from './chart.js';
import type { Manifest } from './chart.js';

const golden = (name: string) => new URL(`golden/${name}.yaml`, import.meta.url).pathname;

/** Shortens what is generated and checked elsewhere. */
function inShort(manifest: Manifest): object {
  const { apiVersion, kind, metadata, ...rest } = manifest;
  const made = /^[A-Za-z0-9+/=]{64}$/;
  const data = Object.entries((rest['data'] ?? {}) as Record<string, string>).map(([key, text]) => {
    if (manifest.kind === 'Secret' && made.test(text)) return [key, 'made up'];
    return [key, key.endsWith('.json') ? 'a dashboard' : text];
  });
  return {
    apiVersion,
    kind,
    metadata,
    ...rest,
    ...(data.length > 0 && { data: Object.fromEntries(data) as object }),
    ...(manifest.kind === 'PrometheusRule' && { spec: 'the rules' }),
  };
}

describe.skipIf(!hasGo)('the manifests', () => {
  // `npx vitest run helm/test/golden.chart.test.ts -u` writes them anew.
  it.each(EXAMPLES)('of %s are as they were', async (name) => {
    const all = render({}, '--values', exampleFile(name));
    const text = all.map((manifest) => stringify(inShort(manifest), { lineWidth: 0 })).join('---\n');
    await expect(text).toMatchFileSnapshot(golden(name));
  });

  it('of a fleet of 500 pools are made within the limit', () => {
    const pools = Array.from({ length: 500 }, (_, index) => [
      `node-${index}`,
      { config: { interval: `${index + 1}s` } },
    ]);
    const values = over(LEAST, { agent: { pools: Object.fromEntries(pools) as object } });
    const started = performance.now();
    const { stdout } = template(values);
    const seconds = (performance.now() - started) / 1000;
    process.stdout.write(`helm template of 500 pools: ${seconds.toFixed(1)} s\n`);
    expect(stdout.match(/^kind: DaemonSet$/gm)?.length).toBe(501);
    // Ten times as long, for machines that are busy with other tests.
    expect(seconds).toBeLessThan(20);
  });
});

describe.skipIf(!hasGo)('the configurations', () => {
  let directory: string;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tcewatch-helm-'));
    const { ca, server } = await makeCertificates();
    for (const [name, text] of Object.entries({ ca, cert: server.cert, key: server.key, text: 'hush' })) {
      writeFileSync(join(directory, name), text);
    }
  });
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  /** Secrets as Kubernetes would have mounted them. */
  function mounted(text: string): unknown {
    return parse(
      text.replaceAll(/\/etc\/tcewatch\/secrets\/\S+/g, (path) => {
        const kind = path.endsWith('key')
          ? 'key'
          : /ca\.(crt|pem)$/.test(path)
            ? 'ca'
            : path.endsWith('crt')
              ? 'cert'
              : 'text';
        return join(directory, kind);
      }),
    );
  }

  it.each(EXAMPLES)('of %s are taken by the programs', (name) => {
    const all = render({}, '--values', exampleFile(name));
    const texts = all
      .filter(({ kind }) => kind === 'ConfigMap')
      .map((manifest) => at(manifest, 'data') as Record<string, string>);
    const agents = texts.flatMap((data) => data['agent.yaml'] ?? []);
    const collectors = texts.flatMap((data) => data['collector.yaml'] ?? []);
    expect(agents.length).toBeGreaterThan(0);
    expect(collectors.length).toBeGreaterThan(0);
    for (const text of agents) expect(agentSchema.safeParse(mounted(text)).error).toBe(undefined);
    for (const text of collectors) expect(collectorSchema.safeParse(mounted(text)).error).toBe(undefined);
  });
});
