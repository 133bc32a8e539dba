/** An agent that is killed, at any moment, tells in the end what one tells that never was. */
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CAPS } from '../../src/ledger/state.js';
import { AgentError } from '../../src/errors.js';
import type { Reading } from '../../src/model.js';
import { DurableOutbox } from '../../src/outbox/durable.js';
import { ReadingLoop } from '../../src/run/loop.js';
import { FileState } from '../../src/run/state-file.js';
import type { StateStore } from '../../src/run/state-file.js';
import { ModelHost, actions } from '../ledger/model-host.js';
import type { Action } from '../ledger/model-host.js';
import { collectLog } from '../log/collect.js';
import { ModelCollector, ModelTransport } from './collector.js';
import { FakePace, FakeSource, cell, reading, vm } from './fakes.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tcewatch-'));
});
afterEach(() => rm(directory, { recursive: true }));

/** Fates of the agent at a reading. */
const fates = [
  'lives',
  'killed before its state is kept',
  'killed before the outbox has the batch',
  'killed before the batch is delivered',
] as const;
type Fate = (typeof fates)[number];

interface Life {
  state: StateStore;
  collector: ModelCollector;
  /** The outbox's; undefined for one in memory. */
  outboxDirectory?: string | undefined;
  /** Nothing is delivered from the beginning. */
  isDown?: boolean;
}

/** One life of an agent over the readings, of which the last one may be its end. */
async function live(readings: readonly Reading[], end: Fate, { state, collector, outboxDirectory, isDown }: Life) {
  const transport = new ModelTransport(collector);
  transport.isUp = isDown !== true;
  const { log, lines } = collectLog();
  const pace = new FakePace();
  const outbox = new DurableOutbox({
    transport,
    directory: outboxDirectory,
    bytes: 1024 * 1024,
    catchUp: 1000,
    backoff: { firstMs: 0, longestMs: 0 },
    pace,
    wallMs: () => Date.now(),
    log,
  });
  let kept = 0;
  const dying: StateStore = {
    load: () => state.load(),
    keep: (next) => {
      const isEnd = ++kept === readings.length;
      if (isEnd && end === 'killed before its state is kept') throw new AgentError('internal', 'killed');
      if (isEnd && end !== 'lives') transport.isUp = false;
      if (isEnd && end === 'killed before the outbox has the batch') outbox.send = () => Promise.resolve(undefined);
      return state.keep(next);
    },
  };
  const source = new FakeSource([...readings]);
  const given = { source, outbox, state: dying, caps: DEFAULT_CAPS, intervalMs: 1000, pace, log };
  const loop = new ReadingLoop({ ...given, pacedBy: 'interval', run: '00000000-0000-8000-8000-000000000001' });
  await loop.run(new AbortController().signal);
  if (end === 'lives') await outbox.drain(new AbortController().signal);
  await outbox.close();
  return { loop, lines, source };
}

/** The readings of a history, each with what becomes of the agent; it lives at the last one. */
function readingsOf(history: readonly Action[], fateOf: (n: number) => Fate): { reading: Reading; fate: Fate }[] {
  const host = new ModelHost();
  const readings: { reading: Reading; fate: Fate }[] = [];
  for (const action of history) {
    host.apply(action);
    if (action.do === 'read') readings.push({ reading: host.reading(), fate: fateOf(readings.length) });
  }
  return [...readings, { reading: host.reading(), fate: 'lives' }];
}

describe('an agent that is killed', () => {
  it.each([
    ['on disk', 'outbox'],
    ['in memory', undefined],
  ])('tells in the end of each VM what one tells that never was, with its outbox %s', async (_, name) => {
    const outboxDirectory = name && join(directory, name);
    const histories = fc.tuple(actions, fc.func(fc.constantFrom(...fates)));
    await fc.assert(
      fc.asyncProperty(histories, async ([history, fateOf]) => {
        for (const used of ['state', 'outbox']) await rm(join(directory, used), { recursive: true, force: true });
        const readings = readingsOf(history, fateOf);
        const killed = new ModelCollector();
        for (let from = 0; from < readings.length;) {
          const length = readings.slice(from).findIndex(({ fate }) => fate !== 'lives') + 1;
          const life = readings.slice(from, length > 0 ? from + length : undefined);
          const state = new FileState(join(directory, 'state'));
          await live(
            life.map((r) => r.reading),
            life.at(-1)?.fate ?? 'lives',
            { state, collector: killed, outboxDirectory },
          );
          from += life.length;
        }
        const whole = new ModelCollector();
        // A reading that was not kept is as if it had not been.
        const had = readings.filter(({ fate }) => fate !== 'killed before its state is kept').map((r) => r.reading);
        await live(had, 'lives', { state: new FileState(join(directory, 'whole')), collector: whole });
        await rm(join(directory, 'whole'), { recursive: true, force: true });
        for (const counter of ['entered', 'punted'] as const) {
          expect(killed.stored(counter)).toEqual(whole.stored(counter));
          expect(killed.account(counter)).toEqual(whole.account(counter));
        }
        expect(killed.measured()).toEqual(whole.measured());
      }),
      { numRuns: 60 },
    );
  });

  const counted = (calls: number, more: Partial<Reading> = {}) =>
    reading({ cells: [cell(7, 'entered', calls)], vms: [vm(7, 'v')], ...more });

  it('delivers the last batch of an epoch that nobody has had', async () => {
    const collector = new ModelCollector();
    const handover = { epoch: '00000000-0000-8000-8000-00000000000b', cells: [cell(7, 'entered', 2)], seen: [] };
    const end = 'killed before the batch is delivered';
    await live([counted(5, { handover })], end, { state: new FileState(directory), collector });
    expect(collector.stored('entered')).toEqual({});
    const later = [counted(9, { epoch: handover.epoch })];
    const { source } = await live(later, 'lives', { state: new FileState(directory), collector });
    expect(source.told).toEqual([handover.epoch]);
    expect(collector.stored('entered')).toEqual({ v: 5 + 7 });
  });

  it('delivers after a boot, which ends its state, what it had put on the disk before', async () => {
    const collector = new ModelCollector();
    const outboxDirectory = join(directory, 'outbox');
    const end = 'killed before the batch is delivered';
    await live([counted(5)], end, { state: new FileState(join(directory, 'a')), collector, outboxDirectory });
    expect(collector.stored('entered')).toEqual({});
    const booted = { epoch: '00000000-0000-8000-8000-00000000000b' };
    const state = new FileState(join(directory, 'b'));
    await live([counted(2, booted)], 'lives', { state, collector, outboxDirectory });
    expect(collector.stored('entered')).toEqual({ v: 5 + 2 });
  });

  it('delivers the last batches of several epochs that its outbox had no disk for', async () => {
    const collector = new ModelCollector();
    const epoch = (n: number) => `00000000-0000-8000-8000-00000000000${n}`;
    const readings = [1, 2, 3].map((n) =>
      counted(5, { epoch: epoch(n), handover: { epoch: epoch(n + 1), cells: [], seen: [] } }),
    );
    const end = 'killed before the batch is delivered';
    await live(readings, end, { state: new FileState(directory), collector, isDown: true });
    expect(collector.stored('entered')).toEqual({});
    const later = [counted(7, { epoch: epoch(4) })];
    await live(later, 'lives', { state: new FileState(directory), collector });
    expect(collector.stored('entered')).toEqual({ v: 5 + 5 + 5 + 7 });
  });

  it('goes on with what it did not know of entries', async () => {
    const stuff = (calls: number, entries: number) =>
      counted(0, { cells: [cell(7, 'entered', calls, { hypercall: 'H_STUFF_TCE', entries })] });
    const collector = new ModelCollector();
    for (const next of [stuff(1, 8), stuff(2, NaN), stuff(3, NaN), stuff(4, 20), stuff(5, 24), stuff(6, 30)]) {
      const { loop } = await live([next], 'lives', { state: new FileState(directory), collector });
      expect([...loop.status.failures]).toEqual([]);
    }
    expect(collector.stored('entered_entries')).toEqual({ v: 8 + 6 });
    expect(collector.stored('entered_unsized')).toEqual({ v: 4 });
  });

  it('goes on with what it measured, also where nothing but that has changed', async () => {
    const took = (calls: number, more: Partial<Reading> = {}) => {
      const times = {
        span: 'round_trip',
        tid: 7,
        hypercall: 'H_PUT_TCE',
        bucket: 8,
        calls,
        totalUs: calls * 200,
      } as const;
      return counted(5, { latencies: [times], ...more });
    };
    const collector = new ModelCollector();
    await live([took(1), took(3)], 'lives', { state: new FileState(directory), collector });
    const reused = took(7, { vms: [{ ...vm(9, 'w'), threads: [{ tid: 7, startedNs: 2n }] }] });
    await live([reused], 'lives', { state: new FileState(directory), collector });
    await live([took(9)], 'lives', { state: new FileState(directory), collector });
    expect(collector.measured()).toEqual({ v: (3 + 2) * 200, w: 4 * 200 });
  });

  it('writes nothing while nothing is counted', async () => {
    const state = new FileState(directory);
    const path = join(directory, 'ledger.json');
    await live([counted(5)], 'lives', { state, collector: new ModelCollector() });
    await writeFile(path, 'untouched');
    const unread: StateStore = { load: () => Promise.resolve(undefined), keep: (k) => state.keep(k) };
    await live([counted(5)], 'lives', { state: unread, collector: new ModelCollector() });
    expect(await readFile(path, 'utf8')).toBe('untouched');
  });
});

describe('a state that cannot be used', () => {
  const one = () => [reading({ cells: [cell(7, 'entered', 5)], vms: [vm(7, 'v')] })];

  it.each([
    ['cut', (text: string) => text.slice(0, -9), /JSON/],
    ['of another program', () => '{"format":"else"}', /format/],
    ['of a later version', (text: string) => text.replace('"version":2', '"version":3'), /version/],
    ['with a count that is none', (text: string) => text.replace('"uptimeNs":"', '"uptimeNs":"-'), /ledger\.uptimeNs/],
  ])('because it is %s is named, set aside and counted, and counting starts from zero', async (_, spoil, names) => {
    await live(one(), 'lives', { state: new FileState(directory), collector: new ModelCollector() });
    const path = join(directory, 'ledger.json');
    await writeFile(path, spoil(await readFile(path, 'utf8')));
    const steps = [...one(), ...one()];
    const { loop, lines } = await live(steps, 'lives', {
      state: new FileState(directory),
      collector: new ModelCollector(),
    });
    expect([...loop.status.failures]).toEqual([['state-unusable', 1]]);
    expect(lines[0]?.msg).toMatch(names);
    expect(lines[0]?.msg).toContain(`set aside as ${path}.unusable`);
    expect((await readdir(directory)).sort()).toEqual(['ledger.json', 'ledger.json.unusable']);
  });

  it('because there is no place for it is told as a problem, and nothing old is left in its place', async () => {
    await writeFile(join(directory, 'file'), '');
    const state = new FileState(join(directory, 'file'));
    const collector = new ModelCollector();
    const { lines } = await live([...one(), ...one()], 'lives', { state: new FileState(directory), collector });
    expect(lines).toEqual([]);
    await expect(state.load()).rejects.toThrow(AgentError);
    const { loop } = await live([...one(), ...one(), ...one()], 'lives', { state, collector });
    expect(loop.status.newest?.batch.problems).toEqual([
      expect.stringMatching(/cannot keep the agent's state .*EEXIST/),
    ]);
    expect(collector.stored('entered')).toEqual({ v: 5 });
  });
});
