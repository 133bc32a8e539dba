/**
 * Accidents of the source `hist` on a live host: each is noticed, reported, and recovered from when its cause is gone.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AgentError } from '../../../src/errors.js';
import type { Reading, Source } from '../../../src/model.js';
import { createHist } from '../../../src/sources/hist/source.js';
import { FixtureHost } from '../fixture-host.js';
import { ModelKernel } from './model-kernel.js';
import { testOptions } from '../options.js';

let host: FixtureHost;
let kernel: ModelKernel;
let source: Source;

beforeEach(async () => {
  host = await FixtureHost.make();
  kernel = new ModelKernel(host.root);
  source = createHist(testOptions(undefined, host.root), kernel);
});
afterEach(async () => {
  await source.close();
  await host.remove();
});

const hypercall = () => {
  for (let i = 0; i < 2; i++) {
    kernel.step({ tid: 652, hypercall: 'H_PUT_TCE', liobn: 0x80000000n, entries: 1n, isPunted: false });
  }
};

async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((error: unknown) => error);
  return error instanceof AgentError ? `${error.code}: ${error.message}` : `no AgentError: ${String(error)}`;
}

/** Does what the loop does after a reading that failed. */
async function again(knownEpoch?: string): Promise<Reading> {
  await source.close();
  await source.open(knownEpoch);
  return (await source.next()) ?? expect.fail();
}

const seen = (reading: Reading | undefined) => reading?.accounts.find(({ counter }) => counter === 'entered')?.seen;

it('goes on when somebody paused a trigger', async () => {
  await source.open();
  hypercall();
  const { epoch } = (await source.next()) ?? expect.fail();
  const table = kernel.table(kernel.instances[0] ?? '', 'kvm_hcall_enter') ?? expect.fail();
  table.isPaused = true;
  hypercall();
  expect(await failure(source.next())).toMatch(/^trigger-paused: .*kvm_hcall_enter.* leave tracefs instances/);
  const reading = await again(epoch);
  expect(table.isPaused).toBe(false);
  expect([reading.epoch, seen(reading)]).toEqual([epoch, 1]);
  hypercall();
  expect(seen(await source.next())).toBe(2);
});

it('counts again when somebody removed the instance', async () => {
  await source.open();
  await kernel.remove(host.instance(kernel.instances[0]));
  expect(await failure(source.next())).toMatch(/^instance-removed: .*counted since the last reading is lost/);
  await again();
  hypercall();
  expect(seen(await source.next())).toBe(1);
});

it('counts again when somebody removed a trigger', async () => {
  await source.open();
  const { epoch } = (await source.next()) ?? expect.fail();
  await kernel.append(host.trigger(kernel.instances[0] ?? '', 'kvm_hcall_exit'), '!hist');
  expect(await failure(source.next())).toMatch(/^trigger-removed: /);
  await again(epoch);
  hypercall();
  expect(seen(await source.next())).toBe(1);
});

it('counts again when kvm_hv was unloaded and loaded again', async () => {
  await source.open();
  const { epoch } = (await source.next()) ?? expect.fail();
  kernel.unload();
  expect(await failure(source.next())).toMatch(/^kvm-hv-not-loaded: .*modprobe kvm_hv/);
  expect(await failure(again(epoch))).toMatch(/^kvm-hv-not-loaded: /);
  kernel.isLoaded = true;
  await again(epoch);
  expect(kernel.instances).toHaveLength(1);
  hypercall();
  expect(seen(await source.next())).toBe(1);
});
