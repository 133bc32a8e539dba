import { unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';
import { loadAgentConfig } from '../src/config/schema.js';
import { createAgent } from '../src/agent.js';
import { realPace } from '../src/clock.js';
import { collectLog } from './log/collect.js';

it('gives a site with nothing but Prometheus the counts of a recorded host', async () => {
  const flags = { source: 'replay', 'replay.directory': await unpack('vfio-7.2'), 'replay.speed': '0' };
  const config = loadAgentConfig({}, { flags });
  const { loop, server } = createAgent({ config, version: '1', pace: realPace, log: collectLog().log });
  expect((await server.inject('/readyz')).statusCode).toBe(503);
  await loop.run(new AbortController().signal);
  const { body } = await server.inject('/metrics');
  const sample = (name: string, ...labels: string[]) =>
    body
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) && labels.every((label) => line.includes(`="${label}"`)))
      .map((line) => Number(line.slice(line.lastIndexOf(' '))));

  expect(sample('tcewatch_hypercalls_total', 'hot', 'H_STUFF_TCE', 'userspace', 'exact')).toEqual([15_436]);
  expect(sample('tcewatch_hypercalls_total', 'hot', 'H_STUFF_TCE', 'virtual', 'exact')).toEqual([37_806]);
  expect(sample('tcewatch_hypercalls_total', 'vfa', 'H_PUT_TCE_INDIRECT', 'virtual')).toEqual([80_885]);
  expect(sample('tcewatch_hypercalls_total', 'real')).toEqual(new Array(8).fill(0));
  expect(sample('tcewatch_mode_evidence', 'vfa', 'H_PUT_TCE', 'real', 'absent', 'real-mode-retired')).toEqual([1]);
  expect(sample('tcewatch_tce_entries_total', 'hot', 'H_PUT_TCE')).toEqual([5363]);
  expect(sample('tcewatch_kernel_events_total', 'entered')).toEqual([280_091]);
  expect(sample('tcewatch_kernel_events_total', 'punted')).toEqual([30_871]);
  // After its restart it has its two tables again, and no device.
  expect(sample('tcewatch_vm_tce_tables', 'hot')).toEqual([2]);
  expect(sample('tcewatch_vm_vfio_groups', 'hot')).toEqual([0]);
  expect(sample('tcewatch_vm_vfio_groups', 'vfa')).toEqual([1]);
  expect(body).toContain('tcewatch_agent_unattributed_calls_total 0');
  expect((await server.inject('/readyz')).statusCode).toBe(200);
  await server.close();
});
