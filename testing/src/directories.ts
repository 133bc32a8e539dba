/** Temporary directories and disks. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export async function temporaryDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'tcewatch-test-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A disk of so many megabytes, in memory; mounting it needs root. */
export async function smallDisk(megabytes: number): Promise<{ path: string; remove(): Promise<void> }> {
  const directory = await temporaryDirectory();
  const { path } = directory;
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tcewatch-test', path]);
  return {
    path,
    remove: async () => {
      await promisify(execFile)('umount', [path]);
      await directory.remove();
    },
  };
}
