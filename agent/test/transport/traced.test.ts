/** Deliveries that are traced: as parts of the traces that the batches carry, through an outbox on disk too. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeBatch } from '@tcewatch/protocol';
import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildBatch } from '../../src/batch-builder.js';
import { advance } from '../../src/ledger/advance.js';
import { snapshot } from '../../src/ledger/snapshot.js';
import { DEFAULT_CAPS, emptyLedger } from '../../src/ledger/state.js';
import { TracedTransport } from '../../src/transport/traced.js';
import type { EncodedBatch, OutgoingBatch, Transport, Verdict } from '../../src/transport/transport.js';
import { never, outboxTo } from '../outbox/surroundings.js';
import { reading } from '../run/fakes.js';

const READING = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const OTHER = '00-5bf92f3577b34da6a3ce929d0e0e4736-10f067aa0ba902b7-00';

function batchOf(traceparent: string | undefined, takenMs = 0): EncodedBatch {
  const one = reading({});
  const counted = snapshot(advance(emptyLedger(), one, DEFAULT_CAPS));
  const run = '00000000-0000-8000-8000-000000000001';
  const batch = buildBatch({ reading: one, snapshot: counted, run, sequence: 1, intervalNs: 1n, traceparent });
  return { bytes: encodeBatch(batch), hostId: 'h', epoch: batch.epoch, takenMs };
}

/** Gives one verdict after the other, and keeps what it is given. */
class Saying implements Transport {
  readonly name = 'saying';
  readonly attemptLimits = { batches: 256, bytes: 1024 * 1024 };
  readonly given: OutgoingBatch[] = [];

  constructor(private readonly verdicts: Verdict[]) {}

  deliver(batches: readonly OutgoingBatch[]): Promise<Verdict> {
    this.given.push(...batches);
    return Promise.resolve(this.verdicts.shift() ?? { kind: 'settled', refusals: new Map() });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('TracedTransport', () => {
  it('traces each batch of an attempt where it is traced at all, and sends the context of that along', async () => {
    const [inner, telemetry] = [new Saying([]), recordingTelemetry()];
    await new TracedTransport(inner, telemetry).deliver(
      [READING, undefined, OTHER].map((one) => batchOf(one)),
      never,
    );
    const attributes = { 'tcewatch.transport': 'saying', 'tcewatch.batches': 3 };
    const common = { name: 'deliver', kind: 'producer', attributes, ended: true, failure: undefined };
    expect(telemetry.spans).toMatchObject([
      { ...common, parent: READING },
      { ...common, parent: OTHER },
    ]);
    const [first, second] = telemetry.spans.map(({ traceparent }) => traceparent);
    expect(inner.given.map(({ traceparent }) => traceparent)).toEqual([first, undefined, second]);
    expect(first?.slice(3, 35)).toBe(READING.slice(3, 35));
  });

  it.each<[string, Verdict, (string | undefined)[]]>([
    ['no answer', { kind: 'retry', afterMs: 0, message: 'no answer' }, ['no answer', 'no answer']],
    ['too much', { kind: 'too-large' }, new Array(2).fill('more than the other side takes at once') as string[]],
    [
      'one that is refused',
      { kind: 'settled', refusals: new Map([[1, { reason: 'invalid', message: 'no host' }]]) },
      [undefined, 'no host'],
    ],
  ])('says what became of each: %s', async (_, verdict, failures) => {
    const telemetry = recordingTelemetry();
    const traced = new TracedTransport(new Saying([verdict]), telemetry);
    expect(await traced.deliver([batchOf(READING), batchOf(OTHER)], never)).toBe(verdict);
    expect(telemetry.spans.map(({ ended, failure }) => [ended, failure])).toEqual(failures.map((why) => [true, why]));
  });
});

describe('a batch that waits on disk', () => {
  let base: string;
  beforeEach(async () => {
    base = await mkdtemp(join(tmpdir(), 'tcewatch-'));
  });
  afterEach(() => rm(base, { recursive: true }));

  it('is delivered by the next life of the agent as a part of the same trace', async () => {
    const directory = join(base, 'outbox');
    const down: Verdict = { kind: 'retry', afterMs: 60_000, message: 'down' };
    const before = outboxTo(new Saying(new Array<Verdict>(1000).fill(down)), { directory });
    await before.outbox.open();
    expect(await before.outbox.send(batchOf(READING, performance.now()))).toBeUndefined();
    await before.outbox.close();

    const telemetry = recordingTelemetry();
    const after = outboxTo(new TracedTransport(new Saying([]), telemetry), { directory });
    await after.outbox.open();
    await after.outbox.drain(never);
    expect(telemetry.spans).toMatchObject([{ name: 'deliver', parent: READING, ended: true }]);
  });
});
