import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from './surroundings.js';

const scratch = await mkdtemp(join(tmpdir(), 'tcewatch-record-'));
afterAll(() => rm(scratch, { recursive: true }));

describe('record', () => {
  it('says what is in the way', async () => {
    const root = join(await unpack('vfio-7.2'), 'root-both-accelerated');
    const { status, stderr } = await run(['record', join(scratch, 'new'), '--root', root, '--seconds', '1']);
    expect(status).toBe(1);
    expect(stderr).toContain('mount -t tracefs nodev /sys/kernel/tracing');
  });

  it('says that a recording is there already', async () => {
    const { status, stderr } = await run(['record', await unpack('vfio-7.2')]);
    expect(status).toBe(1);
    expect(stderr).toContain('is not empty: give a directory that is, or a new one');
  });

  it.each([
    ['--seconds', '-1', 'give a positive number'],
    ['--interval', 'soon', 'give a time such as 500ms or 2s'],
    ['--size', '1000', 'give a power of two from 128 to 131072'],
  ])('refuses %s %s', async (option, value, words) => {
    const { status, stderr } = await run(['record', join(scratch, 'new'), option, value]);
    expect(status).toBe(1);
    expect(stderr).toContain(words);
  });
});
