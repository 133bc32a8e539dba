/** Triggers with variables and actions, as a 6.1 kernel took them and printed them back. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { parseHist, pickHistogram } from '../../src/tracefs/hist/parse.js';
import { detailSpec } from '../../src/sources/hist/detail-instance.js';
import { heldTrigger, triggerCommand } from '../../src/tracefs/triggers.js';
import type { TriggerSpec } from '../../src/tracefs/triggers.js';

const recording = await unpack('hist-sessions-6.1');
const session = await readFile(join(recording, 'hist-working-two-vms.txt'), 'utf8');
const FILTER = 'req == 0x20 || req == 0x138 || req == 0x13c || req == 0x1c';

const enter: TriggerSpec = {
  system: 'kvm_hv',
  event: 'kvm_hcall_enter',
  keys: ['common_pid'],
  sums: [],
  variables: ['req=req', 'ts0=common_timestamp.usecs'],
  filter: FILTER,
};
const exit: TriggerSpec = {
  system: 'kvm_hv',
  event: 'kvm_hcall_exit',
  keys: ['common_pid'],
  sums: [],
  variables: ['lat=common_timestamp.usecs-$ts0'],
  action: 'onmatch(kvm_hv.kvm_hcall_enter).trace(tce_hcall,$req,ret,hcall_rc,common_pid,$lat)',
  filter: '',
};

/**
 * Finds what was written to the trigger file of an event, and what the kernel printed for it, in the first part of the
 * session.
 */
function recorded(event: string): { written: string; printed: string } {
  const written = new RegExp(`^# echo '(hist:.*)' > .*/kvm_hv/${event}/trigger$`, 'm').exec(session)?.[1] ?? '';
  const printed = session.split('\n').find((line) => line.startsWith('hist:') && line.includes(markOf(event))) ?? '';
  return { written, printed };
}

const markOf = (event: string) => (event === 'kvm_hcall_exit' ? 'onmatch' : 'ts0=common_timestamp.usecs:');

describe('a trigger with variables and an action', () => {
  it.each([enter, exit])('is written as the kernel took it, with the size besides: $event', (spec) => {
    expect(triggerCommand(spec, 2048).replace(':size=2048', '')).toBe(recorded(spec.event).written);
  });

  it.each([enter, exit])('is known by what the kernel prints: $event', (spec) => {
    const { printed } = recorded(spec.event);
    expect(heldTrigger(spec, `${printed}\n`)).toMatchObject({ size: 2048, state: 'active' });
    expect(heldTrigger({ ...spec, variables: ['ts1=common_timestamp.usecs'] }, printed)).toBeUndefined();
    expect(heldTrigger({ ...spec, variables: [] }, printed)).toBeUndefined();
    expect(heldTrigger({ ...spec, action: 'onmatch(kvm_hv.kvm_hcall_enter).other($lat)' }, printed)).toBeUndefined();
  });

  it('of detail has the parts that were seen to work', () => {
    const { instances, synthetic } = detailSpec(1n);
    const ofLiobns = instances.get('tcewatch-liobns-1') ?? expect.fail();
    const [keeping, firing] = [ofLiobns[1], ofLiobns[2]];
    expect([keeping?.keys, firing?.keys]).toEqual([enter.keys, exit.keys]);
    expect(firing?.filter).toBe(exit.filter);
    expect(keeping?.variables?.at(-1)?.split('=')[1]).toBe(enter.variables?.at(-1)?.split('=')[1]);
    const [, fields = ''] = /^# echo 'tce_hcall (.*)' >> .*synthetic_events$/m.exec(session) ?? [];
    const types = (text: string) => text.split(';').map((field) => field.trim().replace(/ \w+$/, ''));
    expect(types(synthetic.get('tcewatch_call_1') ?? '')).toEqual(types(fields));
  });
});

it('counts of synthetic events are read in all tables that a kernel printed', () => {
  const texts = session.split(/^# cat .*\/synthetic\/tce_hcall\/hist$/m).slice(1);
  const latencies = texts.map((text) => {
    const histograms = parseHist(text.slice(1, text.indexOf('# -> rc=')));
    expect(pickHistogram(histograms, ['pid', 'req', 'ret']).rows.every(({ sums }) => sums.length === 1)).toBe(true);
    return pickHistogram(histograms, ['req', 'ret', 'lat.log2']).rows;
  });
  expect(latencies.map((rows) => rows.length)).toEqual([32, 72]);
  const buckets = latencies.flat().map(({ keys }) => Number(keys[2]));
  expect([Math.min(...buckets), Math.max(...buckets)]).toEqual([5, 13]);
});
