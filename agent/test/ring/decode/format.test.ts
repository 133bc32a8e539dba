import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { EventReader } from '../../../src/ring/decode/events.js';
import { RingError } from '../../../src/ring/decode/error.js';
import { parseFormat } from '../../../src/ring/decode/format.js';
import { fixture } from './recorded.js';

const KERNELS = [
  ['vfio-7.2', 'root-stopped/sys/kernel/tracing/events', 1709],
  ['fallback-6.1', 'root-healthy/sys/kernel/tracing/events', 1447],
  ['real-mode-5.10', 'static/events', 1197],
] as const;

function errorOf(run: () => unknown): RingError {
  try {
    run();
  } catch (error) {
    if (error instanceof RingError) return error;
  }
  throw new Error('no RingError was thrown');
}

describe('parseFormat', () => {
  it.each(KERNELS)('reads kvm_hcall_enter of %s', async (recording, events, id) => {
    const path = join(await unpack(recording), events, 'kvm_hv/kvm_hcall_enter/format');
    const format = parseFormat(await readFile(path, 'utf8'));
    expect(format).toMatchObject({ name: 'kvm_hcall_enter', id, size: 56 });
    expect(format.fields.get('common_pid')).toEqual({
      name: 'common_pid',
      type: 'int',
      offset: 4,
      size: 4,
      signed: true,
    });
    expect(format.fields.get('gpr4')).toMatchObject({ type: 'unsigned long', offset: 24, size: 8, signed: false });
  });

  it('takes offsets of a probe event as they are', async () => {
    const format = parseFormat(await fixture('kvm_hcall_enter.format'));
    expect(format.fields.get('__probe_ip')).toMatchObject({ offset: 8, size: 8 });
    expect(format.fields.get('gpr4')).toMatchObject({ type: 'u64', offset: 28 });
    expect(format.size).toBe(60);
  });

  it('reads arrays', async () => {
    const text = await fixture('kvm_hcall_exit.format');
    const format = parseFormat(text.replace('field:u64 ret;', 'field:char ret[8];'));
    expect(format.fields.get('ret')).toMatchObject({ type: 'char[8]', size: 8 });
  });

  it('names the line that it does not understand', async () => {
    const lines = (await fixture('kvm_hcall_exit.format')).split('\n');
    for (let i = 0; i < 11; i++) {
      if (lines[i] === '') continue;
      const error = errorOf(() => parseFormat(lines.with(i, 'nonsense').join('\n')));
      expect(error).toMatchObject({ code: 'malformed', unit: 'line', position: i + 1 });
    }
  });

  it('says where a file that was cut short ends', async () => {
    const lines = (await fixture('kvm_hcall_exit.format')).split('\n');
    for (let length = 3; length < 11; length++) {
      const error = errorOf(() => parseFormat(lines.slice(0, length).join('\n')));
      expect(error).toMatchObject({ code: 'cut-short', position: length });
    }
  });

  it('refuses a field that is there twice', async () => {
    const text = await fixture('kvm_hcall_exit.format');
    const line = text.split('\n').find((each) => each.includes('u64 ret')) ?? '';
    expect(errorOf(() => parseFormat(text.replace(line, `${line}\n${line}`))).message).toContain('ret is there twice');
  });
});

describe('EventReader', () => {
  it.each([
    ['a missing field', (text: string) => text.replace('u64 ret;', 'u64 other;'), 'no field ret'],
    [
      'a field of another size',
      (text: string) => text.replace('size:8;\tsigned:0;\n\n', 'size:2;\tsigned:0;\n\n'),
      '2',
    ],
    ['a moved type', (text: string) => text.replace('offset:0;', 'offset:2;'), 'common_type is at 2'],
  ])('refuses %s and names the event', async (_what, spoil, message) => {
    const enter = parseFormat(await fixture('kvm_hcall_enter.format'));
    const exit = parseFormat(spoil(await fixture('kvm_hcall_exit.format')));
    const error = errorOf(() => new EventReader({ kvm_hcall_enter: enter, kvm_hcall_exit: exit }));
    expect(error).toMatchObject({ code: 'unsupported', subject: 'kvm_hcall_exit/format' });
    expect(error.message).toContain(message);
  });
});
