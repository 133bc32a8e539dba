/** A host on which nobody who counts by thread sees anything, or sees the wrong threads. */
import { mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { record } from '../../src/record/record.js';
import { createHist } from '../../src/sources/hist/source.js';
import { refuseIfBlind } from '../../src/sources/preflight.js';
import { createOnlooker } from '../../src/sources/hist/read-only.js';
import { createUserspaceExit } from '../../src/sources/userspace-exit.js';
import { openHist } from '../../src/verify/verify.js';
import { FixtureHost } from './fixture-host.js';
import { realPace } from '../../src/clock.js';
import { testOptions } from './options.js';

let host: FixtureHost;
beforeEach(async () => {
  host = await FixtureHost.make();
});
afterEach(() => host.remove());

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(host.root, path)), { recursive: true });
  await writeFile(join(host.root, path), content);
}

async function putNamespace(inode: number): Promise<void> {
  await rm(join(host.root, 'proc/1/ns'), { recursive: true, force: true });
  await mkdir(join(host.root, 'proc/1/ns'), { recursive: true });
  await symlink(`pid:[${inode}]`, join(host.root, 'proc/1/ns/pid'));
}

const lockDown = (text: string) => put('sys/kernel/security/lockdown', text);

it('tells a container by the namespace of process 1, or by process 2 where that may not be read', async () => {
  await expect(refuseIfBlind(host.root)).resolves.toBeUndefined();
  await put('proc/2/comm', 'bash\n');
  await expect(refuseIfBlind(host.root)).rejects.toMatchObject({ code: 'pid-namespace' });
  await put('proc/2/comm', 'kthreadd\n');
  await expect(refuseIfBlind(host.root)).resolves.toBeUndefined();
  await putNamespace(4_026_532_201);
  await expect(refuseIfBlind(host.root)).rejects.toMatchObject({ code: 'pid-namespace' });
  await putNamespace(4_026_531_836);
  await expect(refuseIfBlind(host.root)).resolves.toBeUndefined();
});

it('tells lockdown for confidentiality from that for integrity', async () => {
  await lockDown('none [integrity] confidentiality\n');
  await expect(refuseIfBlind(host.root)).resolves.toBeUndefined();
  await lockDown('none integrity [confidentiality]\n');
  await expect(refuseIfBlind(host.root)).rejects.toMatchObject({ code: 'lockdown' });
});

/** All that count by thread, each as it is begun. */
const COUNTERS: [string, () => Promise<unknown>][] = [
  ['hist', () => createHist(testOptions(undefined, host.root), host.files).open()],
  ['userspace-exit', () => createUserspaceExit(testOptions(undefined, host.root), host.files).open()],
  ['top', () => createOnlooker(testOptions(undefined, host.root), { command: 'top', pid: 1 }, host.files).open()],
  ['verify', () => openHist(host.root, 1, 128)],
  [
    'record',
    () => {
      const directory = join(host.root, 'recording');
      const times = {
        intervalMs: 1,
        snapshots: 1,
        pace: realPace,
        now: () => 0n,
        stop: new AbortController().signal,
      };
      return record({ root: host.root, directory, size: 128, pid: 1, files: host.files, ...times });
    },
  ],
];

describe.each(COUNTERS)('%s', (_, begin) => {
  it('refuses a container, and says what to do', async () => {
    await putNamespace(4_026_532_201);
    await expect(begin()).rejects.toMatchObject({
      name: 'AgentError',
      code: 'pid-namespace',
      message: expect.stringContaining('hostPID: true') as string,
    });
    expect(await readdir(host.instance())).toEqual([]);
  });

  it('refuses a kernel that is locked down, and says what to do', async () => {
    await lockDown('none integrity [confidentiality]\n');
    await expect(begin()).rejects.toMatchObject({
      name: 'AgentError',
      code: 'lockdown',
      message: expect.stringContaining('lockdown=integrity') as string,
    });
    expect(await readdir(host.instance())).toEqual([]);
  });
});
