/** One partition's records on their way through a store that is slow, away, or refuses some. */
import { setImmediate as turn } from 'node:timers/promises';
import type { ConsumedBatch, Position } from '@tcewatch/kafka';
import type { Batch } from '@tcewatch/protocol';
import { rememberingLog } from '@tcewatch/testing/remembering-log';
import { expect, it, vi } from 'vitest';
import { PartitionWorker } from '../../../src/intake/kafka/partition-worker.js';
import { StoreError } from '../../../src/model.js';

const MIB = 1024 * 1024;
const ASSIGNMENT = { topic: 't', partition: 0, assignment: 1 };

interface Call {
  sequences: number[];
  resolve: () => void;
  reject: (error: Error) => void;
}

/** Records of a mebibyte each, of which a turn takes two, through a store that answers when the test says so. */
function surroundings() {
  const calls: Call[] = [];
  const committed: bigint[] = [];
  let released = 0;
  const worker = new PartitionWorker(ASSIGNMENT, {
    decode: (records) => ({
      decoded: records.map((record) => ({ record, batch: { sequence: Number(record.offset) } as Batch })),
      dead: [],
    }),
    accept: (batches) =>
      new Promise((resolve, reject) => {
        calls.push({ sequences: batches.map(({ sequence }) => sequence), resolve, reject });
      }),
    deadLetters: { send: () => Promise.resolve() } as never,
    commit: ({ next }: Position) => {
      committed.push(next);
      return Promise.resolve();
    },
    done: (bytes) => {
      released += bytes;
    },
    backoff: { firstMs: 1, longestMs: 1 },
    log: rememberingLog(),
  });
  const push = (from: number, to: number): void => {
    const records = Array.from({ length: to - from }, (_, i) => ({
      offset: BigInt(from + i),
      timestampMs: 0,
      key: null,
      value: new Uint8Array(MIB),
      headers: {},
    }));
    const batch: ConsumedBatch = { ...ASSIGNMENT, records, next: BigInt(to), highWatermark: BigInt(to) };
    worker.push(batch);
  };
  const until = (count: number) =>
    vi.waitFor(() => {
      expect(calls.length).toBeGreaterThanOrEqual(count);
    });
  return { worker, push, calls, committed, until, released: () => released };
}

it('sends what follows while the store writes, and commits in order what the store has', async () => {
  const { worker, push, calls, committed, until, released } = surroundings();
  push(0, 5);
  await until(2);
  expect(calls.map(({ sequences }) => sequences)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  calls[1]?.resolve();
  await turn();
  expect(committed).toEqual([]);
  calls[0]?.resolve();
  await until(3);
  await vi.waitFor(() => {
    expect(committed).toEqual([2n, 4n]);
  });
  calls[2]?.resolve();
  await vi.waitFor(() => {
    expect(committed).toEqual([2n, 4n, 5n]);
  });
  expect(released()).toBe(5 * MIB);
  expect(await worker.end()).toBe(0);
});

it('takes both again, in their order, when the first of two fails', async () => {
  const { worker, push, calls, committed, until } = surroundings();
  push(0, 4);
  await until(2);
  calls[0]?.reject(new StoreError('away', true));
  await turn();
  expect(calls.length).toBe(2);
  calls[1]?.resolve();
  await until(4);
  expect(committed).toEqual([]);
  expect(calls.slice(2).map(({ sequences }) => sequences)).toEqual([
    [0, 1],
    [2, 3],
  ]);
  calls[2]?.resolve();
  calls[3]?.resolve();
  await vi.waitFor(() => {
    expect(committed).toEqual([2n, 4n]);
  });
  await worker.end();
});

it('ends when what is at the store has come to its end, and throws the rest away', async () => {
  const { worker, push, calls, committed, until } = surroundings();
  push(0, 7);
  await until(2);
  let left: number | undefined;
  const ended = worker.end().then((bytes) => (left = bytes));
  calls[0]?.resolve();
  await turn();
  expect(left).toBeUndefined();
  calls[1]?.resolve();
  await ended;
  expect(committed).toEqual([2n, 4n]);
  expect(left).toBe(3 * MIB);
  expect(calls.length).toBe(2);
});
