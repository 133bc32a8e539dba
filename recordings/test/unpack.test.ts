import { readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { recordings, unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';

it('unpacks a recording with the links of its processes as they were', async () => {
  const directory = await unpack('vfio-7.2');
  expect(await readFile(join(directory, 'timeline.txt'), 'utf8')).toContain('device_add vfio-pci');
  const fd = join(directory, 'root-hot-plugged/proc/630/fd');
  expect(await readlink(join(fd, '20'))).toBe('/dev/vfio/2');
  expect(await readlink(join(fd, '10'))).toBe('anon_inode:kvm-spapr-tce');
});

it('gives the same directory to all who ask, also at once', async () => {
  const directories = await Promise.all([1, 2, 3].map(() => unpack('hist-sessions-6.1')));
  expect(new Set(directories).size).toBe(1);
});

it('names the recordings that there are when asked for another', async () => {
  const names = await recordings();
  expect(names).toContain('fallback-6.1');
  await expect(unpack('nothing-1.0')).rejects.toThrow(names.join(', '));
});
