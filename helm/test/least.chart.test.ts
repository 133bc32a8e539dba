import { describe, expect, it } from 'vitest';
import { LEAST, at, configOf, container, hasGo, kinds, only, pod, render } from './chart.js';

describe.skipIf(!hasGo)('the least of values', () => {
  const all = hasGo ? render(LEAST) : [];
  const agent = all.find(({ kind }) => kind === 'DaemonSet');

  it('makes agents, collectors, their accounts, and a job that migrates', () => {
    expect(kinds(all).sort()).toEqual([
      'ConfigMap r-tcewatch-agent',
      'ConfigMap r-tcewatch-collector',
      'ConfigMap r-tcewatch-migrate',
      'DaemonSet r-tcewatch-agent',
      'Deployment r-tcewatch-collector',
      'Job r-tcewatch-migrate',
      'Job r-tcewatch-test',
      'PodDisruptionBudget r-tcewatch-collector',
      'PriorityClass tce-r-tcewatch-agent',
      'Service r-tcewatch-collector',
      'ServiceAccount r-tcewatch-agent',
      'ServiceAccount r-tcewatch-collector',
    ]);
  });

  it('gives agents what docs/guides/privileges.md lists and nothing more', () => {
    expect(at(agent, `${container}.securityContext`)).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['DAC_READ_SEARCH', 'SYS_PTRACE'] },
    });
    expect([at(agent, `${pod}.hostPID`), at(agent, `${pod}.hostNetwork`), at(agent, `${pod}.hostIPC`)]).toEqual([
      true,
      undefined,
      undefined,
    ]);
    const mounts = at(agent, `${container}.volumeMounts`) as { mountPath: string; readOnly?: boolean }[];
    expect(mounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath)).toEqual([
      '/sys/kernel/tracing',
      '/run/tcewatch',
      '/var/lib/tcewatch/outbox',
    ]);
    expect(mounts.filter(({ readOnly }) => readOnly).map(({ mountPath }) => mountPath)).toEqual([
      '/etc/tcewatch/config',
      '/etc/tcewatch/secrets/intake',
      '/sys/kernel/debug',
      '/etc/machine-id',
    ]);
    expect(at(agent, `${pod}.securityContext.seccompProfile.type`)).toBe('RuntimeDefault');
  });

  it('gives nobody a token of Kubernetes', () => {
    for (const manifest of all.filter(({ kind }) => kind === 'ServiceAccount')) {
      expect(manifest['automountServiceAccountToken']).toBe(false);
    }
    for (const manifest of all.filter((one) => at(one, pod))) {
      expect(at(manifest, `${pod}.automountServiceAccountToken`), manifest.metadata.name).toBe(false);
    }
    expect(all.filter(({ kind }) => kind.includes('Role'))).toEqual([]);
  });

  it('tells agents where the collector is, who they are and what to say', () => {
    expect(configOf(all, 'agent')).toEqual({
      collector: {
        token: { file: '/etc/tcewatch/secrets/intake/token' },
        url: 'http://r-tcewatch-collector.tce.svc:9915',
      },
      listen: { address: '0.0.0.0' },
      transport: 'http',
    });
    expect(at(agent, `${container}.env.0`)).toEqual({
      name: 'TCEWATCH_AGENT_HOST_NAME',
      valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } },
    });
  });

  it('migrates before collectors start', () => {
    const job = only(all, 'Job', '-migrate');
    expect(job.metadata.annotations?.['helm.sh/hook']).toBe('pre-install,pre-upgrade');
    expect(at(job, `${container}.args`)).toEqual(['migrate', '--config', '/etc/tcewatch/config/collector.yaml']);
    expect(configOf(all, 'collector', 'migrate')).toEqual(configOf(all, 'collector'));
  });

  it('stops collectors more slowly than the longest of their own limits', () => {
    // One request to ClickHouse or Kafka (60 s), and then 10 s for notifications.
    expect(at(only(all, 'Deployment'), `${pod}.terminationGracePeriodSeconds`)).toBeGreaterThan(70);
  });

  it('takes the image of its own version', () => {
    expect(at(agent, `${container}.image`)).toBe('tcewatch/agent:0.1.0');
  });
});
