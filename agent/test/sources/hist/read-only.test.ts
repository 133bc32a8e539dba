import { readdir } from 'node:fs/promises';
import { deriveId } from '@tcewatch/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHist } from '../../../src/sources/hist/source.js';
import { createReadOnlyHist } from '../../../src/sources/hist/read-only.js';
import { FixtureHost } from '../fixture-host.js';
import { testOptions } from '../options.js';

const BOOT = '5e2aa261-fbd5-4f85-8d63-40ffc3ffcad6';
let host: FixtureHost;
beforeEach(async () => {
  host = await FixtureHost.make();
});
afterEach(() => host.remove());

const onlooker = () => createReadOnlyHist(testOptions(undefined, host.root), { command: 'top', pid: 4242 }, host.files);

describe('an onlooker', () => {
  it('reads what a running agent counts, in its epoch, and changes nothing', async () => {
    const instance = 'tcewatch-7210000000';
    await host.files.make(host.instance(instance));
    await host.print(instance, '0300');
    const agent = createHist(testOptions(undefined, host.root), host.files);
    const source = onlooker();
    await Promise.all([agent.open(deriveId(BOOT, 'hist', 7_210_000_000n)), source.open()]);
    const [theirs, ours] = [await agent.next(), await source.next()];
    // Detail is the agent's alone.
    expect({ ...ours, punts: [] }).toEqual(theirs);
    expect(ours?.accounts[0]?.seen).toBe(178_108);
    await Promise.all([agent.close(), source.close()]);
    expect(await readdir(host.instance())).toEqual([instance]);
  });

  it('counts itself where no agent does, and leaves nothing behind', async () => {
    const source = onlooker();
    await source.open();
    await expect(source.next()).rejects.toThrow(/somebody removed what counts/);
    expect(await readdir(host.instance())).toEqual(['tcewatch-top-4242']);
    await host.print('tcewatch-top-4242', '0300');
    expect((await source.next())?.accounts[0]?.seen).toBe(178_108);
    await source.close();
    expect(await readdir(host.instance())).toEqual([]);
    expect(await source.next()).toBeUndefined();
  });
});
