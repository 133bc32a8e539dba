import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deriveId } from '@tcewatch/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentError } from '../../../src/errors.js';
import type { Source } from '../../../src/model.js';
import { createHist } from '../../../src/sources/hist/source.js';
import { FixtureHost } from '../fixture-host.js';
import { testOptions } from '../options.js';

const BOOT = '5e2aa261-fbd5-4f85-8d63-40ffc3ffcad6';
let host: FixtureHost;
let source: Source;

beforeEach(async () => {
  host = await FixtureHost.make();
  source = createHist(testOptions(undefined, host.root), host.files);
});
afterEach(async () => {
  await source.close();
  await host.remove();
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((error: unknown) => error);
  return error instanceof AgentError ? `${error.code}: ${error.message}` : String(error);
}

describe('on a host where nothing counts yet', () => {
  it('makes an instance that bears the uptime, with both triggers', async () => {
    await source.open();
    expect(await readdir(host.instance())).toEqual(['tcewatch-285510000000']);
    expect(await readFile(host.trigger('tcewatch-285510000000', 'kvm_hcall_enter'), 'utf8')).toBe(
      'hist:keys=common_pid,req,gpr4:vals=gpr7:size=4096 if req==0x1c||req==0x20||req==0x138||req==0x13c',
    );
    expect(await readFile(host.trigger('tcewatch-285510000000', 'kvm_hcall_exit'), 'utf8')).toBe(
      'hist:keys=common_pid,hcall_rc:size=4096 if ' +
        'ret==2&&(hcall_rc==0x1c||hcall_rc==0x20||hcall_rc==0x138||hcall_rc==0x13c)',
    );
  });

  it('leaves other instances alone', async () => {
    await host.files.make(host.instance('somebody-else'));
    await source.open();
    expect(await readdir(host.instance())).toEqual(['somebody-else', 'tcewatch-285510000000']);
  });

  it('removes what it began when the kernel refuses a trigger', async () => {
    const refusing = createHist(testOptions(undefined, host.root), {
      ...host.files,
      make: async (path) => {
        await host.files.make(path);
        await rm(join(path, 'events/kvm_hv/kvm_hcall_exit/trigger'));
      },
    });
    expect(await codeOf(refusing.open())).toMatch(/^kvm-hv-not-loaded: /);
    expect(await readdir(host.instance())).toEqual([]);
  });
});

describe('on a host where an agent was killed', () => {
  const instance = 'tcewatch-7210000000';
  const TOLD = deriveId(BOOT, 'hist', 7_210_000_000n);
  beforeEach(async () => {
    await host.files.make(host.instance(instance));
    await host.print(instance, '0300');
  });

  it('goes on with what the kernel counted meanwhile', async () => {
    await source.open(TOLD);
    const reading = await source.next();
    expect(reading).toMatchObject({
      clock: { wallNs: 1_800_000_000_000_000_000n, uptimeNs: 285_510_000_000n },
      host: { name: 'unnamed', id: 'unnamed', platform: 'pSeries', source: 'hist', agentVersion: '0.0.0-test' },
      bootId: BOOT,
      epoch: deriveId(BOOT, 'hist', 7_210_000_000n),
      epochBeganNs: 7_210_000_000n,
      accounts: [
        { counter: 'entered', seen: 178_108, losses: [] },
        { counter: 'punted', seen: 30_871, losses: [] },
      ],
      problems: [],
    });
    expect(reading?.vms?.map(({ name }) => name)).toEqual(['vfa', 'hot']);
    expect(reading?.cells).toHaveLength(17 + 4);
    expect(reading?.cells.find(({ tid, hypercall }) => tid === 652 && hypercall === 'H_PUT_TCE_INDIRECT')).toEqual({
      counter: 'entered',
      tid: 652,
      hypercall: 'H_PUT_TCE_INDIRECT',
      scope: 'one',
      liobn: 0x71000002n,
      calls: 3,
      entries: 48,
    });
    expect(await readdir(host.instance())).toEqual([instance]);
  });

  it('leaves the kernel counting when it is closed', async () => {
    await source.open(TOLD);
    await source.close();
    expect(await readdir(host.instance())).toEqual([instance]);
    expect(await source.next()).toBeUndefined();
  });

  it('does not count in an instance of which nobody knows what was told', async () => {
    await source.open();
    expect(await readdir(host.instance())).toEqual(['tcewatch-285510000000']);
  });

  it('replaces an instance whose triggers are not those that it sets', async () => {
    const path = host.trigger(instance, 'kvm_hcall_exit');
    await writeFile(path, (await readFile(path, 'utf8')).replace(/ret ?== ?2/, 'ret==0'));
    await source.open(TOLD);
    expect(await readdir(host.instance())).toEqual(['tcewatch-285510000000']);
  });

  it.each([
    ['EBUSY', /another agent counts in .*tcewatch-1,/],
    ['EACCES', /tcewatch-1 is not in use .* cannot be removed: EACCES/],
  ])('says what is left of an instance that it cannot remove: %s', async (code, problem) => {
    await host.files.make(host.instance('tcewatch-1'));
    const refusing = createHist(testOptions(undefined, host.root), {
      ...host.files,
      remove: () => Promise.reject(Object.assign(new Error(code), { code })),
    });
    await refusing.open(TOLD);
    expect((await refusing.next())?.problems).toEqual([expect.stringMatching(problem)]);
    await refusing.close();
  });

  it('refuses a table that it cannot read, and goes on with the next', async () => {
    await source.open(TOLD);
    const path = join(host.trigger(instance, 'kvm_hcall_enter'), '../hist');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -20));
    expect(await codeOf(source.next())).toMatch(/^hist-malformed: .*tcewatch-7210000000: kvm_hcall_enter: hist file/);
    await host.print(instance, '0483');
    expect((await source.next())?.accounts[0]?.seen).toBe(280_091);
  });

  it('counts what the kernel dropped as lost', async () => {
    await source.open(TOLD);
    const path = join(host.trigger(instance, 'kvm_hcall_exit'), '../hist');
    await writeFile(path, (await readFile(path, 'utf8')).replace('Dropped: 0', 'Dropped: 12'));
    expect((await source.next())?.accounts[1]).toEqual({
      counter: 'punted',
      seen: 30_871 + 12,
      losses: [{ kind: 'table-full', events: 12 }],
    });
  });
});

describe('says what is in the way, and what to do about it', () => {
  it('when tracefs is not mounted', async () => {
    await rm(join(host.root, 'sys/kernel/tracing'), { recursive: true });
    expect(await codeOf(source.open())).toMatch(/^not-mounted: .*mount -t tracefs/);
  });

  it('when KVM HV is not loaded', async () => {
    await rm(join(host.root, 'sys/kernel/tracing/events/kvm_hv'), { recursive: true });
    expect(await codeOf(source.open())).toMatch(/^kvm-hv-not-loaded: .*modprobe kvm_hv/);
  });

  it('when there is no /proc', async () => {
    await rm(join(host.root, 'proc'), { recursive: true });
    expect(await codeOf(source.open())).toMatch(/^proc-unreadable: /);
  });
});
