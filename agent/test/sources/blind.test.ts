/** Hosts on which no source that traces can see anything: each refuses, and says what to change. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHist } from '../../src/sources/hist.js';
import { createRing } from '../../src/sources/ring.js';
import { FixtureHost } from './fixture-host.js';
import { ModelKernel } from './model-kernel.js';
import { testOptions, testRing } from './options.js';

let host: FixtureHost;
beforeEach(async () => {
  host = await FixtureHost.make();
});
afterEach(() => host.remove());

describe.each(['hist', 'ring'])('the source %s', (name) => {
  /** Resolves to the code and message with which it refuses to be opened; the ring has no kernel here to be opened with. */
  async function refusal(): Promise<string> {
    const options = { ...testOptions(undefined, host.root), ring: testRing };
    const source = name === 'hist' ? createHist(options, new ModelKernel(host.root)) : createRing(options);
    try {
      await source.open();
      return 'none';
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return `${code}: ${message}`;
    } finally {
      await source.close();
    }
  }

  it.each([
    ['host', 'pid:[4026531836]', false],
    ['container', 'pid:[4026532201]', true],
  ])('tells the pid namespace of a %s', async (_, namespace, isRefused) => {
    await mkdir(join(host.root, 'proc/1/ns'), { recursive: true });
    await symlink(namespace, join(host.root, 'proc/1/ns/pid'));
    if (isRefused) expect(await refusal()).toMatch(/^pid-namespace: .*hostPID: true/);
    else expect(await refusal()).not.toMatch(/^pid-namespace/);
  });

  it('refuses a kernel that is locked down, and not one that is so for integrity alone', async () => {
    const lockdown = join(host.root, 'sys/kernel/security/lockdown');
    await mkdir(dirname(lockdown), { recursive: true });
    await writeFile(lockdown, 'none integrity [confidentiality]\n');
    expect(await refusal()).toMatch(/^lockdown: .*lockdown=integrity/);
    await writeFile(lockdown, 'none [integrity] confidentiality\n');
    expect(await refusal()).not.toMatch(/^lockdown/);
  });
});
