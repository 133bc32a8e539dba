/** deploy/compose.yaml as compose itself loads it, and the files that it mounts as their programs read them. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY, checkConfig, has, must, run } from './tools.js';

interface Service {
  image?: string;
  build?: { context: string; dockerfile: string };
  ports?: { host_ip?: string }[];
  volumes?: { type: string; source: string; target: string }[];
  depends_on?: Record<string, unknown>;
  environment?: Record<string, string>;
}
interface Project {
  services: Record<string, Service>;
}

const FILE = join(REPOSITORY, 'deploy/compose.yaml');
/** Paths below deploy/. */
const read = (path: string): string => readFileSync(join(REPOSITORY, 'deploy', path), 'utf8');

let work: string;
beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'tcewatch-compose-'));
});
afterAll(() => {
  rmSync(work, { recursive: true });
});

describe.skipIf(!has('go'))('compose', () => {
  let load: string;
  let services: [string, Service][];
  beforeAll(() => {
    load = must('scripts/go-program.sh', ['compose', 'deploy/test/compose']).trim();
    services = Object.entries((JSON.parse(must(load, [FILE])) as Project).services);
  });

  it('refuses what it does not know', () => {
    const wrong = join(work, 'compose.yaml');
    writeFileSync(wrong, read('compose.yaml').replace('healthcheck:', 'healthchek:'));
    expect(run(load, [wrong])).toMatchObject({ status: 1, said: expect.stringContaining('healthchek') as string });
  });

  it('starts every part', () => {
    const names = services.map(([name]) => name);
    const parts = ['agent', 'alertmanager', 'clickhouse', 'collector', 'grafana', 'kafka', 'prometheus'];
    expect(names).toEqual(expect.arrayContaining(parts));
  });

  it('mounts and builds from files that are there', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.filter(({ type }) => type === 'bind'));
    expect(mounted.length).toBeGreaterThan(7);
    const built = services.flatMap(([, { build }]) => (build ? [join(build.context, build.dockerfile)] : []));
    expect(built.length).toBeGreaterThan(1);
    const files = [...mounted.map(({ source }) => source), ...built];
    expect(files.filter((file) => !existsSync(file))).toEqual([]);
  });

  it('lets nobody in from outside', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports.length).toBeGreaterThan(3);
    expect(new Set(ports.map(({ host_ip }) => host_ip))).toEqual(new Set(['127.0.0.1']));
  });

  it('gives Grafana a user of ClickHouse, and every variable that its data sources name', () => {
    const [, { environment = {} }] = services.find(([name]) => name === 'grafana')!;
    expect(read('clickhouse/tcewatch.xml')).toContain(`<${environment['TCEWATCH_CLICKHOUSE_READER']!}>`);
    const named = read('grafana/datasources.yaml').match(/(?<=\$)[A-Z_]+/g)!;
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(named));
  });

  it('names every image with its version, and no registry', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[a-z-]+\/[a-z-]+:v?\d+\.\d+(\.\d+)?$/);
  });

  it.skipIf(!has('promtool'))('gives Prometheus settings and rules that it takes', () => {
    const root = join(work, 'prometheus');
    const { volumes = [] } = services.find(([name]) => name === 'prometheus')![1];
    for (const { type, source, target } of volumes) {
      if (type !== 'bind') continue;
      mkdirSync(dirname(join(root, target)), { recursive: true });
      cpSync(source, join(root, target));
    }
    const checked = run('promtool', ['check', 'config', join(root, 'etc/prometheus/prometheus.yml')]);
    expect(checked.status, checked.said).toBe(0);
    expect(checked.said).toMatch(/SUCCESS: 1 rule files found/);
  });
});

describe('what compose mounts', () => {
  it.skipIf(!has('amtool'))('is taken by Alertmanager', () => {
    const checked = run('amtool', ['check-config', 'deploy/alertmanager/alertmanager.yml']);
    expect(checked.status, checked.said).toBe(0);
  });

  it('has the inhibition rules of the guide', () => {
    const guide = readFileSync(join(REPOSITORY, 'docs/guides/alertmanager.md'), 'utf8');
    const example = parse(/```yaml\n(route:[^]*?)```/.exec(guide)![1]!) as { inhibit_rules: unknown };
    const { inhibit_rules } = parse(read('alertmanager/alertmanager.yml')) as { inhibit_rules: unknown };
    expect(inhibit_rules).toEqual(example.inhibit_rules);
  });

  it.each(['agent', 'collector'] as const)('is taken by the %s', (program) => {
    const env = program === 'collector' ? { TCEWATCH_COLLECTOR_INTAKE_TOKEN: 'token' } : {};
    expect(checkConfig(program, `deploy/compose/${program}.yaml`, env)).toMatchObject({ status: 0, out: 'ok\n' });
  });

  it.skipIf(!has('java', 'mvn'))('is taken by Kafka', () => {
    const jars = must('testing/broker/fetch.sh', []).trim();
    const file = join(work, 'server.properties');
    const settings = read('kafka/server.properties').replace('/var/lib/kafka/data', work);
    writeFileSync(file, settings);
    const format = (path: string) =>
      run('java', [
        '-cp',
        `${jars}/*`,
        'kafka.tools.StorageTool',
        'format',
        '-t',
        'c2luZ2xlLW5vZGUtaGVyZQ',
        '-c',
        path,
      ]);
    const formatted = format(file);
    expect(formatted.status, formatted.said).toBe(0);
    expect(readdirSync(join(work, 'log'))).toContain('meta.properties');
    writeFileSync(file, settings.replace('process.roles=broker,controller', 'process.roles=brokr'));
    expect(format(file).status).not.toBe(0);
  });

  it('gives ClickHouse the grants of the guide', () => {
    const guide = readFileSync(join(REPOSITORY, 'docs/guides/clickhouse.md'), 'utf8');
    const grant = /^(GRANT .*) TO tcewatch;$/m.exec(guide)![1]!;
    expect(read('clickhouse/tcewatch.xml')).toContain(`<query>${grant}</query>`);
  });
});
