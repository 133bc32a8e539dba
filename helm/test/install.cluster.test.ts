/** The chart in a real cluster, as `control-plane.ts` has it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandsFor, scriptOf } from '@tcewatch/testing/pages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHART, EXAMPLES, exampleFile, hasGo, helm, manifests, render, tools } from './chart.js';
import type { Manifest, Said } from './chart.js';
import { ControlPlane } from './control-plane.js';

const cluster = (file: string) => fileURLToPath(new URL(`../cluster/${file}`, import.meta.url));
const OLDER = '0.0.9';
const LIMIT_MS = 240_000;
const WAIT = ['--wait', '--wait-for-jobs', '--timeout', '300s'];
/** Made by somebody else, or for a moment. */
const PASSING =
  /^(events?|endpointslice|lease|controllerrevision|serviceaccount\/default$|configmap\/kube-root-ca.crt$)/;
/** Objects that `helm.sh/resource-policy: keep` leaves. */
const KEPT = /^(kafkatopic|clickhouseinstallation)/;

describe.skipIf(!hasGo)('in a cluster', () => {
  const work = mkdtempSync(join(tmpdir(), 'tcewatch-chart-'));
  const before = join(work, 'before');
  let plane: ControlPlane;
  let listed: string;
  beforeAll(async () => {
    // There was no release yet: this chart and its programs under an older version stand for the one before. That shows what
    // a version that changes may break (selectors, hooks, names), and not what a chart that differs would.
    cpSync(CHART, before, { recursive: true });
    const about = readFileSync(join(before, 'Chart.yaml'), 'utf8');
    writeFileSync(join(before, 'Chart.yaml'), about.replaceAll(/^((?:version|appVersion): ).*$/gm, `$1${OLDER}`));
    plane = await ControlPlane.start();
    const { status, stdout, stderr } = spawnSync(cluster('crds.sh'), { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    plane.ask('apply', '--server-side', `--filename=${stdout.trim()}`, `--filename=${cluster('nodes.yaml')}`);
    plane.ask('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s');
    plane.ask('wait', '--for=condition=Ready', 'node', '--all', '--timeout=120s');
    listed = plane.ask('api-resources', '--namespaced', '--verbs=list', '--output=name').trim().split('\n').join(',');
  });
  afterAll(async () => {
    await plane.close();
    rmSync(work, { recursive: true });
  });

  const run = (...args: string[]): Said => {
    const said = helm(args, { env: plane.env });
    expect(said.status, `helm ${args.join(' ')}: ${said.stderr}`).toBe(0);
    return said;
  };

  /** Lists the objects of a namespace that do not come and go by themselves. */
  const contents = (namespace: string): string[] =>
    plane
      .ask('get', listed, `--namespace=${namespace}`, '--output=name', '--ignore-not-found')
      .split('\n')
      .filter((name) => name !== '' && !PASSING.test(name));

  const podsOn = (namespace: string, component: string): string[] => {
    const selector = `--selector=app.kubernetes.io/component=${component}`;
    const template = '--output=jsonpath={range .items[*]}{.spec.nodeName}{"\\n"}{end}';
    return plane.ask('get', 'pods', `--namespace=${namespace}`, selector, template).trim().split('\n').sort();
  };

  /** Lists the objects of the release, by their labels. */
  const versions = (namespace: string): string[] => {
    const selector = '--selector=app.kubernetes.io/part-of=tcewatch';
    const template = '--output=jsonpath={range .items[*]}{.metadata.labels.app\\.kubernetes\\.io/version}{"\\n"}{end}';
    const kinds = 'daemonsets,deployments,configmaps';
    return [...new Set(plane.ask('get', kinds, `--namespace=${namespace}`, selector, template).trim().split('\n'))];
  };

  it.each(EXAMPLES)('%s is installed, upgraded, rolled back and taken away without a trace', async (name) => {
    const namespace = `n-${name}`.slice(0, 40);
    plane.ask('create', 'namespace', namespace);
    const chart = ['r', CHART, '--namespace', namespace, '--values', exampleFile(name)];

    const all = helm(['template', ...chart]).stdout;
    const strict = ['apply', '--dry-run=server', '--validate=strict', `--namespace=${namespace}`, '--filename=-'];
    const checked = plane.kubectl(strict, all);
    expect([checked.status, checked.stderr]).toEqual([0, '']);

    run('install', ...chart.with(1, before), ...WAIT);
    expect(versions(namespace)).toEqual([OLDER]);
    expect(podsOn(namespace, 'agent')).toEqual(['p10', 'p8']);
    expect(new Set(podsOn(namespace, 'collector'))).toEqual(new Set(['amd']));
    run('test', 'r', '--namespace', namespace, '--timeout', '300s');

    run('upgrade', ...chart, '--set', 'agent.config.interval=5s', ...WAIT);
    const config = (): string =>
      plane.ask('get', 'configmap', 'r-tcewatch-agent', '--output=yaml', `--namespace=${namespace}`);
    expect(config()).toContain('interval: 5s');
    expect(versions(namespace)).not.toContain(OLDER);
    run('test', 'r', '--namespace', namespace, '--timeout', '300s');
    run('rollback', 'r', '1', '--namespace', namespace, ...WAIT);
    expect(config()).not.toContain('interval: 5s');
    expect(versions(namespace)).toEqual([OLDER]);

    run('uninstall', 'r', '--namespace', namespace, '--wait', '--timeout', '300s');
    const deadline = Date.now() + LIMIT_MS;
    const left = () => contents(namespace).filter((one) => !KEPT.test(one));
    while (left().length > 0 && Date.now() < deadline) await sleep(500);
    expect(left()).toEqual([]);
    expect(plane.ask('get', 'priorityclass', '--output=name')).not.toContain('tcewatch');
    plane.ask('delete', 'namespace', namespace, '--wait=false');
  });

  it.each(commandsFor('a cluster'))('does what $page has its reader do', ({ commands }) => {
    const bin = join(work, 'bin');
    mkdirSync(bin);
    symlinkSync(join(tools(), 'helm'), join(bin, 'helm'));
    writeFileSync(join(bin, 'kubectl'), `#!/bin/sh\nexec ${tools()}/cp kubectl "$@"\n`, { mode: 0o755 });
    // A clone, as far as its commands are concerned.
    const clone = join(work, 'clone');
    mkdirSync(join(clone, 'helm'), { recursive: true });
    symlinkSync(CHART, join(clone, 'helm/tcewatch'));
    const env = { ...plane.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` };
    const said = spawnSync('bash', ['-c', scriptOf(commands)], { cwd: clone, env, encoding: 'utf8' });
    expect(said.status, said.stderr).toBe(0);
    expect(said.stdout).toMatch(/^tcewatch-agent-\S+ +1\/1 +Running .* p8 /m);
    expect(said.stdout).toMatch(/^tcewatch-collector-\S+ +1\/1 +Running .* amd /m);
    plane.ask('delete', 'namespace', 'tcewatch', '--wait=false');
  });

  it('says what to do next, and keeps the token that it made up', () => {
    plane.ask('create', 'namespace', 'token');
    const chart = ['r', CHART, '--namespace', 'token', '--values', exampleFile('trial')];
    const token = (): string =>
      plane.ask('get', 'secret', 'r-tcewatch-intake', '--namespace=token', '--output=jsonpath={.data}');
    const { stdout: notes } = run('install', ...chart, ...WAIT);
    expect(notes).toContain('kubectl --namespace token rollout status deployment/r-tcewatch-collector');
    expect(notes).toContain('helm --namespace token test r');
    expect(notes).toContain('curl http://127.0.0.1:9915/v1/vms');
    const first = token();
    run('upgrade', ...chart, ...WAIT);
    expect(token()).toBe(first);
  });

  it('gives its accounts no right beyond discovery', () => {
    const can = (account: string): string[] =>
      plane
        .ask(
          'auth',
          'can-i',
          '--list',
          '--namespace=token',
          `--as=system:serviceaccount:token:${account}`,
          '--no-headers',
        )
        .trim()
        .split('\n')
        .map((line) => line.replaceAll(/ +/g, ' ').trim())
        .sort();
    // What every account may: ask about itself, and look at what kinds of things there are.
    const everybody = can('nobody-made-this-one');
    expect(
      everybody.filter(
        (line) => !/selfsubject|\[\/(api|apis|healthz|livez|openapi|openid|readyz|version|\.well-known)/.test(line),
      ),
    ).toEqual([]);
    for (const account of ['r-tcewatch-agent', 'r-tcewatch-collector']) {
      plane.ask('get', 'serviceaccount', account, '--namespace=token');
      expect(can(account)).toEqual(everybody);
    }
  });

  it('runs collectors where Pod Security is restricted, and agents where it is privileged alone', () => {
    const admitted = (all: readonly Manifest[], level: string): string => {
      plane.ask('create', 'namespace', level);
      plane.ask('label', 'namespace', level, `pod-security.kubernetes.io/warn=${level}`);
      const { status, stderr } = plane.kubectl(
        ['apply', '--dry-run=server', `--namespace=${level}`, '--filename=-'],
        all.map((one) => JSON.stringify({ ...one, metadata: { ...one.metadata, namespace: level } })).join('\n---\n'),
      );
      expect(status, stderr).toBe(0);
      return stderr;
    };
    const all = render({}, '--values', exampleFile('production-tls'));
    const ofCollector = all.filter(({ kind }) => kind === 'Deployment' || kind === 'Job');
    expect(admitted(ofCollector, 'restricted')).toBe('');
    const agents = all.filter(({ kind }) => kind === 'DaemonSet');
    expect(admitted(agents, 'baseline')).toContain('would violate PodSecurity');
    expect(admitted(agents, 'privileged')).toBe('');
  });

  it('makes resources that Strimzi takes as v1 too', () => {
    const strict = ['apply', '--dry-run=server', '--validate=strict', '--namespace=default', '--filename=-'];
    const values = ['--values', exampleFile('strimzi-altinity'), '--set', 'strimzi.apiVersion=kafka.strimzi.io/v1'];
    const all = render({}, ...values).filter(({ apiVersion }) => apiVersion === 'kafka.strimzi.io/v1');
    expect(all.map(({ kind }) => kind).sort()).toEqual(['KafkaTopic', 'KafkaTopic', 'KafkaUser', 'KafkaUser']);
    for (const one of all) {
      const text = JSON.stringify({ ...one, metadata: { ...one.metadata, namespace: 'default' } });
      const { status, stderr } = plane.kubectl(strict, text);
      expect([status, stderr]).toEqual([0, '']);
    }
  });

  it('would see a mistake in a resource of an operator', () => {
    const [rule] = manifests(readFileSync(`${CHART}/files/prometheus-rules.yaml`, 'utf8'));
    const wrong = { apiVersion: 'monitoring.coreos.com/v1', kind: 'PrometheusRule', metadata: { name: 'wrong' } };
    const groups = [{ name: 'g', rules: [{ alert: 'A', expr: 'up', for: 'ten' }] }];
    const strict = ['apply', '--dry-run=server', '--validate=strict', '--namespace=default', '--filename=-'];
    expect(plane.kubectl(strict, JSON.stringify({ ...wrong, spec: rule })).stderr).toBe('');
    expect(plane.kubectl(strict, JSON.stringify({ ...wrong, spec: { groups } })).stderr).toContain(
      'spec.groups[0].rules[0].for',
    );
    const refusal = (kind: string, spec: object, apiVersion = 'kafka.strimzi.io/v1beta2'): string =>
      plane.kubectl(strict, JSON.stringify({ apiVersion, kind, metadata: { name: 'wrong' }, spec })).stderr;
    expect(refusal('KafkaTopic', { partition: 1 })).toContain('unknown field "spec.partition"');
    const acls = [{ resource: { type: 'topic', name: 't' }, operations: ['Redescribe'] }];
    const user = { authorization: { type: 'simple', acls } };
    expect(refusal('KafkaUser', user)).toContain('Unsupported value: "Redescribe"');
    const keeper = { configuration: { zookeeper: { nodes: [{ host: 'k', secure: true }] } } };
    expect(refusal('ClickHouseInstallation', keeper, 'clickhouse.altinity.com/v1')).toContain('nodes[0].secure');
  });
});
