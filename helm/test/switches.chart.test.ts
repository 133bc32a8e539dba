import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LEAST, at, configOf, container, exampleFile, hasGo, kinds, only, over, pod, render } from './chart.js';
import type { Manifest, Tree } from './chart.js';

const rendered = (values: Tree = {}, ...args: string[]): Manifest[] => render(over(LEAST, values), ...args);
const has = (all: readonly Manifest[], kind: string): boolean => all.some((manifest) => manifest.kind === kind);

describe.skipIf(!hasGo)('each switch', () => {
  it('agent.enabled: no agents', () => {
    const all = rendered({
      agent: { enabled: false },
      networkPolicy: { enabled: true },
      prometheus: { monitors: true },
    });
    expect(kinds(all).filter((name) => name.endsWith('-agent'))).toEqual([]);
  });

  it('collector.enabled: no collector, and agents that deliver elsewhere', () => {
    const all = rendered({
      collector: { enabled: false },
      agent: { config: { collector: { url: 'https://elsewhere:9915' }, transport: 'http' } },
    });
    expect(kinds(all)).toEqual([
      'PriorityClass tce-r-tcewatch-agent',
      'ServiceAccount r-tcewatch-agent',
      'ConfigMap r-tcewatch-agent',
      'DaemonSet r-tcewatch-agent',
    ]);
  });

  it('a configuration that changes makes its own Pods anew, and no others', () => {
    const checksum = (all: Manifest[], kind: string): unknown =>
      (at(only(all, kind), 'spec.template.metadata.annotations') as Record<string, string>)['checksum/config'];
    const before = rendered();
    const after = rendered({ agent: { config: { interval: '5s' } } });
    expect(checksum(after, 'DaemonSet')).not.toBe(checksum(before, 'DaemonSet'));
    expect(checksum(after, 'Deployment')).toBe(checksum(before, 'Deployment'));
  });

  it('agent.pools: agents of their own, on nodes that no other agent runs on', () => {
    const term = { key: 'disk', operator: 'Exists' };
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [term] }] },
      },
    };
    const all = rendered({
      agent: {
        affinity,
        pools: { p8: { config: { interval: '5s' }, resources: { limits: { memory: '1Gi' } } }, p9: {} },
      },
    });
    const expressions = (suffix: string): unknown =>
      at(
        only(all, 'DaemonSet', suffix),
        `${pod}.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.0.matchExpressions`,
      );
    const pool = { key: 'tcewatch.io/pool' };
    expect(expressions('-agent')).toEqual([term, { ...pool, operator: 'NotIn', values: ['p8', 'p9'] }]);
    expect(expressions('-p8')).toEqual([term, { ...pool, operator: 'In', values: ['p8'] }]);
    expect(configOf(all, 'agent', 'agent-p8')).toEqual({ ...configOf(all, 'agent'), interval: '5s' });
    expect(at(only(all, 'DaemonSet', '-p8'), `${container}.resources`)).toEqual({ limits: { memory: '1Gi' } });
    expect(configOf(all, 'agent', 'agent-p9')).toEqual(configOf(all, 'agent'));
  });

  it('a new version of the chart alone makes no Pod anew', () => {
    const pods = rendered().filter(({ kind }) => /DaemonSet|Deployment/.test(kind));
    for (const manifest of pods) {
      expect(Object.keys(at(manifest, 'spec.template.metadata.labels') as object)).not.toContain('helm.sh/chart');
    }
    expect(pods.length).toBe(2);
  });

  it('agent.config.host.name: wins over the name of the node', () => {
    const env = at(only(rendered({ agent: { config: { host: { name: 'h' } } } }), 'DaemonSet'), `${container}.env`);
    expect((env as Tree[]).map(({ name }) => name)).toEqual(['MALLOC_ARENA_MAX', 'NODE_OPTIONS']);
  });

  it('agent.priorityClass: made, or named, or neither', () => {
    const name = (values: Tree): unknown[] => {
      const all = rendered({ agent: values });
      return [has(all, 'PriorityClass'), at(only(all, 'DaemonSet'), `${pod}.priorityClassName`)];
    };
    expect(name({})).toEqual([true, 'tce-r-tcewatch-agent']);
    expect(name({ priorityClassName: 'system-node-critical' })).toEqual([false, 'system-node-critical']);
    expect(name({ priorityClass: { create: false } })).toEqual([false, '']);
  });

  it('intakeToken.create: a token that both parts mount', () => {
    const all = rendered({ intakeToken: { existingSecret: '', create: true } });
    const { token } = at(only(all, 'Secret'), 'data') as { token: string };
    expect(Buffer.from(token, 'base64').toString()).toMatch(/^[A-Za-z0-9]{48}$/);
    for (const kind of ['DaemonSet', 'Deployment']) {
      expect(at(only(all, kind), `${pod}.volumes`)).toContainEqual({
        name: 'secret-intake',
        secret: { secretName: 'r-tcewatch-intake', defaultMode: 0o440, items: [{ key: 'token', path: 'token' }] },
      });
    }
  });

  it('a host that keeps state elsewhere', () => {
    const daemon = only(
      rendered({ agent: { config: { state: { directory: '/state' } }, hostPaths: { state: '/srv/state' } } }),
      'DaemonSet',
    );
    expect(at(daemon, `${container}.volumeMounts`)).toContainEqual({ name: 'state', mountPath: '/state' });
    expect(at(daemon, `${pod}.volumes`)).toContainEqual({
      name: 'state',
      hostPath: { path: '/srv/state', type: 'DirectoryOrCreate' },
    });
  });

  it('collector.embedded: one, with a volume, that is never there twice', () => {
    const embedded = {
      collector: { embedded: { enabled: true }, replicas: 1, config: { clickhouse: { url: undefined } } },
    };
    const all = rendered(embedded);
    expect(at(only(all, 'Deployment'), 'spec.strategy')).toEqual({ type: 'Recreate' });
    expect(at(only(all, 'PersistentVolumeClaim'), 'spec.resources.requests.storage')).toBe('10Gi');
    expect([has(all, 'PodDisruptionBudget'), kinds(all).includes('Job r-tcewatch-migrate')]).toEqual([false, false]);
    const passing = rendered(over(embedded, { collector: { embedded: { persistence: { enabled: false } } } }));
    expect(has(passing, 'PersistentVolumeClaim')).toBe(false);
    expect(at(only(passing, 'Deployment'), `${pod}.volumes`)).toContainEqual({ name: 'data', emptyDir: {} });
  });

  it('collector.autoscaling: by processor time and lag, and nobody else sets the number', () => {
    const scaling = { enabled: true, targetCPUUtilizationPercentage: 0, lag: { enabled: true, recordsPerReplica: 50 } };
    const all = rendered({ collector: { autoscaling: scaling } });
    expect(at(only(all, 'Deployment'), 'spec.replicas')).toBe(undefined);
    const metrics = at(only(all, 'HorizontalPodAutoscaler'), 'spec.metrics') as Tree[];
    expect(metrics.map(({ type }) => type)).toEqual(['External']);
    expect(at(metrics, '0.external.target.averageValue')).toBe('50');
  });

  it('collector.podDisruptionBudget and .migration: none', () => {
    const all = rendered({ collector: { podDisruptionBudget: { enabled: false }, migration: { enabled: false } } });
    expect(has(all, 'PodDisruptionBudget')).toBe(false);
    expect(kinds(all).filter((name) => name.endsWith('-migrate'))).toEqual([]);
  });

  it('TLS of the collector: probes, monitors and agents use HTTPS', () => {
    const pair = {
      cert: { file: '/etc/tcewatch/secrets/tls/tls.crt' },
      key: { file: '/etc/tcewatch/secrets/tls/tls.key' },
    };
    const all = rendered({
      collector: { config: { listen: { port: 9443, tls: pair } }, secrets: { tls: 'serving' } },
      prometheus: { monitors: true },
    });
    const deployment = only(all, 'Deployment');
    for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
      expect(at(deployment, `${container}.${probe}.httpGet.scheme`)).toBe('HTTPS');
    }
    expect(at(only(all, 'ServiceMonitor'), 'spec.endpoints.0.scheme')).toBe('https');
    expect(at(only(all, 'Service'), 'spec.ports.0.port')).toBe(9443);
    expect(at(configOf(all, 'agent'), 'collector.url')).toBe('https://r-tcewatch-collector.tce.svc:9443');
  });

  it('Kafka: agents write to it', () => {
    const all = rendered({ agent: { config: { kafka: { brokers: ['k:9092'] } } } });
    expect(configOf(all, 'agent')).toMatchObject({ transport: 'kafka', kafka: { brokers: ['k:9092'] } });
    expect(at(configOf(all, 'agent'), 'collector.url')).toBe(undefined);
  });

  it('prometheus: annotations, or monitors and rules for the operator', () => {
    const plain = rendered({ prometheus: { annotations: true } });
    expect(at(only(plain, 'DaemonSet'), 'spec.template.metadata.annotations')).toMatchObject({
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '9914',
    });
    expect(has(plain, 'ServiceMonitor')).toBe(false);
    const operator = rendered({
      prometheus: {
        monitors: true,
        labels: { team: 'power' },
        rules: { enabled: true, runbookUrl: 'https://r.example/' },
      },
    });
    for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule']) {
      expect(only(operator, kind).metadata.labels['team'], kind).toBe('power');
    }
    const text = JSON.stringify(only(operator, 'PrometheusRule'));
    expect(text).toContain('"runbook_url":"https://r.example/TceAccelerationLost"');
    expect(text).not.toContain('localhost');
    expect(text).toContain('{{ $labels.instance }}');
  });

  it('grafana.dashboards: one ConfigMap each, as they are, with the label of the sidecar', () => {
    const all = rendered({ grafana: { dashboards: { enabled: true, annotations: { folder: 'Power' } } } });
    const fleet = only(all, 'ConfigMap', '-dashboard-fleet');
    expect(fleet.metadata.labels['grafana_dashboard']).toBe('1');
    expect(fleet.metadata.annotations).toEqual({ folder: 'Power' });
    const { 'fleet.json': text = '' } = at(fleet, 'data') as Record<string, string>;
    const generated = new URL('../../dashboards/generated/grafana/fleet.json', import.meta.url);
    expect(text.trim()).toBe(readFileSync(generated, 'utf8').trim());
    expect(kinds(rendered()).filter((name) => name.includes('dashboard'))).toEqual([]);
  });

  it('networkPolicy: each part reaches what its configuration names', () => {
    const all = rendered({
      networkPolicy: { enabled: true, from: [{ namespaceSelector: {} }] },
      collector: {
        config: {
          kafka: { brokers: 'a:9093, b:9094' },
          notifiers: [
            { type: 'webhook', url: 'https://pager.example/x' },
            { type: 'alertmanager', urls: ['http://alertmanager.example:9193'] },
          ],
        },
      },
    });
    const ports = (suffix: string, rule: string): unknown =>
      (at(only(all, 'NetworkPolicy', suffix), rule) as { port: number }[] | undefined)?.map(({ port }) => port);
    expect(ports('-agent', 'spec.ingress.0.ports')).toEqual([9914]);
    expect(ports('-agent', 'spec.egress.1.ports')).toEqual([9915]);
    expect(ports('-collector', 'spec.ingress.0.ports')).toEqual([9915]);
    expect(ports('-collector', 'spec.egress.1.ports')).toEqual([9093, 9094, 8123, 443, 9193]);
    expect(ports('-migrate', 'spec.ingress')).toBe(undefined);
    expect(ports('-test', 'spec.egress.1.ports')).toEqual([9915]);
  });

  it('strimzi: topics as the collector wants them, users with what they need', () => {
    const all = render({}, '--values', exampleFile('strimzi-altinity'));
    expect(only(all, 'KafkaTopic', '-batches')['spec']).toEqual({
      topicName: 'tcewatch.batches',
      partitions: 12,
      replicas: 3,
      config: { 'retention.ms': 604_800_000, 'max.message.bytes': 8_388_608, 'min.insync.replicas': 2 },
    });
    expect(at(only(all, 'KafkaTopic', '-dead-letters'), 'spec.config')).toMatchObject({
      'max.message.bytes': 8_454_144,
    });
    expect(at(only(all, 'KafkaUser', '-agent'), 'spec.authorization.acls')).toHaveLength(1);
    expect(configOf(all, 'collector')).toMatchObject({
      kafka: { sasl: { username: 'r-tcewatch-collector' }, topics: { create: false } },
      clickhouse: { url: 'http://clickhouse-r-tcewatch:8123', cluster: 'tcewatch' },
    });
    expect(only(all, 'Job', '-migrate').metadata.annotations?.['helm.sh/hook']).toBe('post-install,pre-upgrade');
  });

  it('strimzi.authentication: certificates instead of passwords', () => {
    const all = rendered({ strimzi: { enabled: true, authentication: 'tls' } });
    expect(at(configOf(all, 'agent'), 'kafka.tls.cert.file')).toBe('/etc/tcewatch/secrets/kafka-user/user.crt');
    expect(at(configOf(all, 'agent'), 'kafka.sasl')).toBe(undefined);
  });

  it('image: registry, digest, pull secrets', () => {
    const all = render({}, '--values', exampleFile('air-gapped'));
    expect(at(only(all, 'Deployment'), `${container}.image`)).toMatch(
      /^registry\.example:5000\/mirror\/tcewatch-collector@sha256:fedc/,
    );
    expect(at(only(all, 'DaemonSet'), `${pod}.imagePullSecrets`)).toEqual([{ name: 'registry' }]);
  });

  it('names, labels, accounts, extra manifests', () => {
    const all = rendered({
      fullnameOverride: 'watch',
      commonLabels: { team: 'power' },
      collector: { serviceAccount: { create: false, name: 'mine' }, podLabels: { a: 'b' } },
      extraManifests: [
        '{apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Release.Name }}-text"}}',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'object' } },
      ],
    });
    expect(kinds(all)).toEqual(
      expect.arrayContaining(['ConfigMap r-text', 'ConfigMap object', 'DaemonSet watch-agent']),
    );
    expect(kinds(all)).not.toContain('ServiceAccount watch-collector');
    expect(at(only(all, 'Deployment'), `${pod}.serviceAccountName`)).toBe('mine');
    expect(at(only(all, 'Deployment'), 'spec.template.metadata.labels')).toMatchObject({ a: 'b', team: 'power' });
  });
});
