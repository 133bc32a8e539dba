/** Evidence that the host of this recording has of its guests: Linux 5.10 on a bare POWER9 still has real mode. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveModes } from '@tcewatch/protocol';
import type { Mmu } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';
import { evidenceOf } from '../../src/evidence/evidence.js';
import { NO_BOOT } from '../../src/proc/host.js';
import { guestMmu } from '../../src/proc/vms.js';
import { parseQemu } from '../../src/proc/qemu.js';

const recording = join(await unpack('real-mode-5.10'), 'static');
const cpuinfo = await readFile(join(recording, 'cpuinfo'), 'utf8');
const [, , kernel = ''] = (await readFile(join(recording, 'uname'), 'utf8')).split(' ');
const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, 'm').exec(cpuinfo)?.[1] ?? '';
const host = { kernel, cpu: field('cpu'), platform: field('platform'), realModeHandlers: true };

/** `mode evidence calls` of so many H_PUT_TCE that entered and were punted. */
function shown(mmu: Mmu | undefined, calls: number): string[] {
  const evidence = evidenceOf(host, { mmu, kvmPr: false });
  return deriveModes('H_PUT_TCE', { entered: calls, punted: calls }, evidence).map(
    ({ mode, evidence, calls }) => `${mode} ${evidence} ${calls}`,
  );
}

it('is the host that it is taken for', () => {
  expect(host).toMatchObject({ kernel: '5.10.223', cpu: 'POWER9, altivec supported', platform: 'PowerNV' });
});

it('n2, an HPT guest: of its calls in real mode there is no figure, though ten others are seen in userspace', () => {
  expect(shown('hpt', 10)).toEqual(['real unobservable null', 'virtual exact 0', 'userspace exact 10']);
});

it('either of them, as the agent sees it, which cannot tell its MMU: the same', () => {
  expect(guestMmu({ ...host, hostname: '', machineId: undefined, bootId: NO_BOOT }, parseQemu('qemu'))).toBeUndefined();
  expect(shown(undefined, 10)).toEqual(shown('hpt', 10));
});

it('n1, a radix guest of the same kernel: real mode cannot occur', () => {
  expect(shown('radix', 0)).toEqual(['real absent 0', 'virtual exact 0', 'userspace exact 0']);
});
