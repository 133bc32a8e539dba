import { decodeBatch, seriesRow } from '@tcewatch/protocol';
import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPS } from '../../src/ledger/state.js';
import { AgentError } from '../../src/errors.js';
import { ReadingLoop } from '../../src/run/loop.js';
import type { LoopOptions } from '../../src/run/loop.js';
import { noState } from '../../src/run/state-file.js';
import { collectLog } from '../log/collect.js';
import { FakePace, FakeSource, KeepingOutbox, cell, reading, vm } from './fakes.js';
import type { Step } from './fakes.js';

const RUN = '00000000-0000-8000-8000-000000000001';
const never = new AbortController().signal;

function loopOver(steps: Step[], more: Partial<LoopOptions> & { failToOpen?: AgentError[] } = {}) {
  const source = new FakeSource(steps, more.failToOpen);
  const outbox = new KeepingOutbox();
  const pace = new FakePace();
  const { log, lines } = collectLog();
  const given = { source, outbox, state: noState, pace, log };
  const options = { ...given, caps: DEFAULT_CAPS, intervalMs: 1000, pacedBy: 'interval', run: RUN };
  const loop = new ReadingLoop({ ...options, ...more } as LoopOptions);
  return { loop, source, outbox, pace, lines };
}

const counted = (calls: number, more: Partial<Parameters<typeof reading>[0]> = {}) =>
  reading({ cells: [cell(7, 'entered', calls)], vms: [vm(7, 'v')], ...more });

describe('ReadingLoop', () => {
  it('turns each reading into a batch that a collector can read', async () => {
    const { loop, outbox, source } = loopOver([counted(1), counted(5)]);
    await loop.run(never);
    const batches = outbox.batches.map(({ bytes }) => decodeBatch(bytes));
    expect(batches.map(({ sequence, run, intervalNs }) => [sequence, run, intervalNs])).toEqual([
      [1, RUN, 1_000_000_000n],
      [2, RUN, 1_000_000_000n],
    ]);
    const last = batches[1];
    expect(last && seriesRow(last.series, 0)).toMatchObject({ counter: 'entered', hypercall: 'H_PUT_TCE', value: 5 });
    expect(outbox.batches.map(({ hostId, epoch, takenMs }) => [hostId, epoch, takenMs])).toEqual([
      ['h', last?.epoch, 0],
      ['h', last?.epoch, 1000],
    ]);
    expect(source.asked).toEqual(['open', 'next', 'next', 'next', 'close']);
  });

  it('traces each reading, and each batch carries the context of its own', async () => {
    const telemetry = recordingTelemetry();
    const steps = [counted(1), new AgentError('permission', 'no permission'), counted(2)];
    const { loop, outbox } = loopOver(steps, { telemetry });
    await loop.run(never);
    const attributes = { 'tcewatch.source': 'fake', 'tcewatch.run': RUN };
    expect(telemetry.spans).toMatchObject([
      { name: 'reading', attributes, ended: true, failure: undefined },
      { name: 'reading', attributes, ended: true, failure: 'no permission' },
      { name: 'reading', attributes, ended: true, failure: undefined },
      // The source has come to its end: nothing was read.
      { name: 'reading', ended: false },
    ]);
    const [first, , third] = telemetry.spans.map(({ traceparent }) => traceparent);
    const carried = outbox.batches.map(({ bytes }) => decodeBatch(bytes).traceparent);
    expect(carried).toEqual([first, third]);
  });

  it('does not drift when readings take time, and leaves out the moments that one missed', async () => {
    const pace = new FakePace();
    const takes = (ms: number) => () => {
      pace.nowMs += ms;
      return counted(1);
    };
    const { loop, outbox } = loopOver([takes(300), takes(0), takes(2500), takes(0)], { pace });
    await loop.run(never);
    expect(pace.slept).toEqual([700, 1000, 500, 1000]);
    expect(outbox.batches.map(({ takenMs }) => takenMs)).toEqual([300, 1000, 4500, 5000]);
    expect(loop.status.busyMs).toBe(2800);
  });

  it('counts a failure by its code, says it once, and prepares the source again', async () => {
    const gone = () => new AgentError('permission', 'cannot read x: run as root');
    const { loop, source, outbox, lines } = loopOver([counted(1), gone(), gone(), counted(2)]);
    await loop.run(never);
    expect([...loop.status.failures]).toEqual([['permission', 2]]);
    expect(outbox.batches.map(({ bytes }) => decodeBatch(bytes).sequence)).toEqual([1, 2]);
    expect(source.asked.join(' ')).toBe('open next next close open next close open next next close');
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      'warn no reading: cannot read x: run as root',
      'debug no reading: cannot read x: run as root',
      'info reading again',
    ]);
  });

  it('goes on when the source cannot be opened yet', async () => {
    const failToOpen = [new AgentError('not-mounted', 'mount tracefs')];
    const { loop, pace } = loopOver([counted(1)], { failToOpen });
    await loop.run(never);
    expect(loop.status.readings).toBe(1);
    expect(pace.slept).toEqual([1000, 1000]);
  });

  it('survives an error that nobody foresaw and says it in full', async () => {
    const broken = () => {
      throw new TypeError('x is not a function');
    };
    const { loop, lines } = loopOver([broken, counted(1)]);
    await loop.run(never);
    expect([...loop.status.failures]).toEqual([['internal', 1]]);
    expect(lines[0]).toMatchObject({ level: 'error', code: 'internal', err: { type: 'TypeError' } });
    expect(loop.status.readings).toBe(1);
  });

  it('takes one last reading when it is stopped while it waits', async () => {
    const stop = new AbortController();
    const pace = new FakePace();
    pace.sleep = () => {
      stop.abort();
      return Promise.resolve();
    };
    const { loop, outbox, source } = loopOver([counted(1), counted(2), counted(3)], { pace });
    await loop.run(stop.signal);
    expect(outbox.batches).toHaveLength(2);
    expect(source.asked.at(-1)).toBe('close');
  });

  it('takes one last reading when it is stopped while it reads', async () => {
    const stop = new AbortController();
    const first = () => {
      stop.abort();
      return counted(1);
    };
    const { loop, outbox, source } = loopOver([first, counted(2), counted(3)]);
    await loop.run(stop.signal);
    expect(outbox.batches).toHaveLength(2);
    expect(source.asked).toEqual(['open', 'next', 'next', 'close']);
  });

  it('tells with the next batch why the outbox could not bring one to the disk', async () => {
    const outbox = new KeepingOutbox();
    const full = () => {
      outbox.problem = 'the disk is full';
      return counted(1);
    };
    const emptied = () => {
      outbox.problem = undefined;
      return counted(2);
    };
    const { loop, lines } = loopOver([full, emptied, counted(3)], { outbox });
    await loop.run(never);
    const problems = outbox.batches.map(({ bytes }) => decodeBatch(bytes).problems);
    expect(problems).toEqual([[], ['the disk is full'], []]);
    expect(lines.map(({ msg }) => msg)).toEqual(['the disk is full']);
  });

  it('logs each problem of the readings when it comes up', async () => {
    const of = (...problems: string[]) => counted(1, { problems });
    const { loop, lines } = loopOver([of('a'), of('a', 'b'), of('b'), of('a')]);
    await loop.run(never);
    expect(lines.map(({ msg }) => msg)).toEqual(['a', 'b', 'a']);
  });
});

describe('ReadingLoop over a source that keeps its own time', () => {
  it('never sleeps, passes over broken readings and ends with the source', async () => {
    const cut = new AgentError('hist-malformed', 'cut in line 3');
    const { loop, pace, source, outbox } = loopOver([counted(1), cut, counted(3)], { pacedBy: 'source' });
    await loop.run(never);
    expect(pace.slept).toEqual([]);
    expect(outbox.batches).toHaveLength(2);
    expect(source.asked.join(' ')).toBe('open next next next next close');
  });

  it('fails when the source cannot be opened: no later moment would be better', async () => {
    const failToOpen = [new AgentError('recording-missing', 'there is no recording')];
    const { loop } = loopOver([], { failToOpen, pacedBy: 'source' });
    await expect(loop.run(never)).rejects.toThrow('there is no recording');
  });

  it('waits for room in the outbox rather than let it thin', async () => {
    const { loop, outbox } = loopOver([counted(1), counted(2)], { pacedBy: 'source' });
    let makeRoom = (): void => undefined;
    outbox.roomIs = new Promise((resolve) => (makeRoom = resolve));
    const ran = loop.run(never);
    await new Promise((done) => setImmediate(done));
    expect(outbox.batches).toHaveLength(1);
    makeRoom();
    await ran;
    expect(outbox.batches).toHaveLength(2);
  });

  it('stops in the middle of a wait of the source', async () => {
    const stop = new AbortController();
    const forever = () => {
      stop.abort();
      return new Promise<never>(() => undefined);
    };
    const { loop, source } = loopOver([counted(1), forever], { pacedBy: 'source' });
    await loop.run(stop.signal);
    expect(source.asked.join(' ')).toBe('open next next close');
    expect(loop.status.readings).toBe(1);
    expect([...loop.status.failures]).toEqual([]);
  });
});
