/** What the container runtime of the lab is told, of the chart's DaemonSet. */
import { expect, it } from 'vitest';
import { readChart } from '../src/chart.js';
import { runtimeConfig } from '../src/runtime-config.js';
import type { Process } from '../src/runtime-config.js';

const IMAGE = { Entrypoint: ['node', 'agent.js'], Env: ['PATH=/usr/bin'] };

interface Config {
  process: { user: object; args: string[]; env: string[]; capabilities: object; noNewPrivileges: boolean };
  root: object;
  mounts: { destination: string; source: string; options: string[] }[];
}

async function configFor(process: Process): Promise<Config> {
  const { pod } = await readChart();
  return runtimeConfig(pod, IMAGE, '/agent', ({ name }) => `/volumes/${name}`, process) as Config;
}

it('grants what the chart grants and nothing more', async () => {
  const { process, root } = await configFor({ args: ['run'], capabilities: undefined });
  const granted = ['CAP_DAC_READ_SEARCH', 'CAP_SYS_PTRACE'];
  expect(process.capabilities).toEqual({ bounding: granted, effective: granted, permitted: granted });
  expect(process.user).toEqual({ uid: 0, gid: 0 });
  expect(process.noNewPrivileges).toBe(true);
  expect(root).toEqual({ path: '/agent', readonly: true });
});

it('takes away what the lab asks to do without', async () => {
  const { process } = await configFor({ args: ['doctor'], capabilities: ['dac_read_search'] });
  expect(process.args).toEqual(['node', 'agent.js', 'doctor']);
  const left = ['CAP_DAC_READ_SEARCH'];
  expect(process.capabilities).toEqual({ bounding: left, effective: left, permitted: left });
});

it('mounts what the chart mounts, writable where it is writable there', async () => {
  const { mounts, process } = await configFor({ args: ['run'], capabilities: undefined });
  const volumes = mounts.filter(({ source }) => source.startsWith('/volumes/'));
  expect(volumes.map(({ destination, options }) => `${destination} ${options.at(-1)!}`)).toEqual([
    '/etc/tcewatch/config ro',
    '/etc/tcewatch/secrets/intake ro',
    '/sys/kernel/tracing rw',
    '/sys/kernel/debug ro',
    '/etc/machine-id ro',
    '/run/tcewatch rw',
    '/var/lib/tcewatch/outbox rw',
  ]);
  expect(process.env).toEqual(expect.arrayContaining(['PATH=/usr/bin', 'TCEWATCH_AGENT_HOST_NAME=lab']));
});
