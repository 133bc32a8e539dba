/** Times and order in which batches are delivered, and what is made of the answers; over real HTTP. */
import { describe, expect, it, vi } from 'vitest';
import type { EncodedBatch, Transport, Verdict } from '../../src/transport/transport.js';
import { accept, batch, never, outboxTo, sequenceOf, serve, transportTo } from './surroundings.js';

const PATIENTLY = { timeout: 60_000, interval: 20 };
const model: Transport = {
  name: 'model',
  attemptLimits: { batches: 100, bytes: 1_000_000 },
  deliver: () => Promise.resolve({ kind: 'settled', refusals: new Map() }),
  close: () => Promise.resolve(),
};
const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

describe('DurableOutbox with several batches that wait', () => {
  it('catches up after an outage in few requests, in order', async () => {
    const { url, received } = await serve((_, response, attempt) => {
      response.writeHead(attempt === 1 ? 503 : 202).end();
    });
    const { outbox } = outboxTo(transportTo(url));
    for (const n of upTo(600)) await outbox.send(batch(n));
    await outbox.drain(never);
    const [, ...taken] = received.map(({ sequences }) => sequences);
    expect(taken.map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(taken.flat()).toEqual(upTo(600));
    expect(outbox.stats).toMatchObject({ delivered: 600, retried: 1, newestDeliveredMs: 600_000 });
  });

  it('sends no more at once than fits in 4 MiB, but a larger batch alone', async () => {
    const { url, received } = await serve(accept);
    const { outbox } = outboxTo(transportTo(url, { gzip: false }));
    await outbox.send(batch(1));
    for (const n of [2, 3, 4, 5, 6]) await outbox.send(batch(n, 'a', 1_000_000));
    await outbox.send(batch(7, 'a', 5_000_000));
    await outbox.send(batch(8));
    await outbox.drain(never);
    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [2, 3, 4, 5], [6], [7], [8]]);
  });

  it('loses no other batch to one in the middle that is refused, and says so once', async () => {
    const { url, received } = await serve(({ sequences }, response) => {
      const refused = [...sequences.entries()]
        .filter(([, sequence]) => sequence % 4 === 0)
        .map(([index]) => ({ index, error: 'invalid', field: 'vms[0].name', message: 'contains control characters' }));
      response.writeHead(202).end(JSON.stringify({ accepted: sequences.length - refused.length, refused }));
    });
    const { outbox, lines } = outboxTo(transportTo(url));
    for (const n of upTo(10)) await outbox.send(batch(n));
    await outbox.drain(never);
    expect(received.flatMap(({ sequences }) => sequences)).toEqual(upTo(10));
    expect(outbox.stats).toMatchObject({ delivered: 8, queuedBatches: 0, newestDeliveredMs: 10_000 });
    expect([...outbox.stats.rejected]).toEqual([['invalid', 2]]);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'batches are refused for good (contains control characters); they are dropped',
    ]);
  });

  it('halves requests that are too large until they are taken', async () => {
    const { url, received } = await serve(({ sequences }, response) => {
      response.writeHead(sequences.length > 3 ? 413 : 202).end();
    });
    const { outbox, lines } = outboxTo(transportTo(url));
    for (const n of upTo(20)) await outbox.send(batch(n));
    await outbox.drain(never);
    const taken = received.filter(({ sequences }) => sequences.length <= 3);
    expect(taken.flatMap(({ sequences }) => sequences)).toEqual(upTo(20));
    expect(received.slice(0, 5).map(({ sequences }) => sequences.length)).toEqual([1, 19, 9, 4, 2]);
    expect(outbox.stats).toMatchObject({ delivered: 20, rejected: new Map() });
    expect(outbox.stats.retried).toBe(received.length - taken.length);
    expect(lines).toEqual([]);
  });

  it('drops a batch that is too large alone, and no other', async () => {
    const { url } = await serve(({ sequences }, response) => {
      response.writeHead(sequences.includes(7) ? 413 : 202).end();
    });
    const { outbox } = outboxTo(transportTo(url));
    for (const n of upTo(20)) await outbox.send(batch(n));
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 19, rejected: new Map([['413', 1]]) });
  });

  it('drops all of a request that is refused as a whole', async () => {
    const { url } = await serve((_, response, attempt) => response.writeHead(attempt === 2 ? 401 : 202).end());
    const { outbox } = outboxTo(transportTo(url));
    for (const n of upTo(5)) await outbox.send(batch(n));
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 1, rejected: new Map([['401', 4]]) });
  });

  it('tells of each outage, though batches are refused in between', async () => {
    const { url } = await serve((_, response, attempt) => {
      response.writeHead(attempt % 2 === 1 ? 503 : 401).end();
    });
    const { outbox, lines } = outboxTo(transportTo(url));
    for (const n of [1, 2]) {
      await outbox.send(batch(n));
      await outbox.drain(never);
    }
    expect(lines.map(({ msg }) => msg.slice(0, 27))).toEqual([
      'cannot deliver: 503: no mes',
      'batches are refused for goo',
      'cannot deliver: 503: no mes',
    ]);
  });

  it('does not try the same batch for ever when a transport says of one alone that it is too large', async () => {
    const transport: Transport = { ...model, deliver: () => Promise.resolve({ kind: 'too-large' }) };
    const { outbox } = outboxTo(transport);
    await outbox.send(batch(1));
    await outbox.drain(never);
    expect(outbox.stats.rejected).toEqual(new Map([['too-large', 1]]));
  });

  it('goes on after an attempt that failed as no transport should', async () => {
    let attempts = 0;
    const deliver = () => {
      if (++attempts === 1) throw new TypeError('x is not a function');
      return Promise.resolve({ kind: 'settled' as const, refusals: new Map() });
    };
    const { outbox, lines } = outboxTo({ ...model, deliver });
    await outbox.send(batch(1));
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 1, retried: 1 });
    expect(lines[0]?.msg).toContain('x is not a function');
  });

  it('keeps batches through an outage, and logs its beginning and its end once each', async () => {
    const { url, received } = await serve((_, response, attempt) => {
      if (attempt <= 3) response.destroy();
      else response.writeHead(202).end();
    });
    const { outbox, lines } = outboxTo(transportTo(url));
    await outbox.send(batch(1));
    await outbox.send(batch(2));
    await outbox.drain(never);
    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [1, 2], [1, 2], [1, 2]]);
    expect(outbox.stats).toMatchObject({ delivered: 2, retried: 3 });
    expect(lines.map((line) => line.level)).toEqual(['warn', 'info']);
    expect(lines[0]?.msg).toMatch(/^cannot deliver: .*; batches are kept and tried again$/);
  });

  it('waits as long as a busy server asks for', async () => {
    const { url } = await serve((_, response, attempt) => {
      if (attempt === 1) response.writeHead(503, { 'retry-after': '7' }).end('{"message":"store is full"}');
      else response.writeHead(202).end();
    });
    const { outbox, slept, lines } = outboxTo(transportTo(url));
    await outbox.send(batch(1));
    await outbox.drain(never);
    expect(slept).toEqual([7000]);
    expect(lines[0]?.msg).toContain('503: store is full');
    expect(outbox.stats).toMatchObject({ delivered: 1, retried: 1 });
  });

  it('drops what is refused for good, counts it, and says so once for each kind', async () => {
    const { url } = await serve((_, response, attempt) => {
      response.writeHead(attempt === 3 ? 413 : 401).end(`{"message":"no token ${attempt}"}`);
    });
    const { outbox, lines } = outboxTo(transportTo(url));
    for (const n of [1, 2, 3]) {
      await outbox.send(batch(n));
      await outbox.drain(never);
    }
    expect(outbox.stats.delivered).toBe(0);
    expect([...outbox.stats.rejected]).toEqual([
      ['401', 2],
      ['413', 1],
    ]);
    expect(lines.map((line) => line.msg)).toEqual([
      'batches are refused for good (401: no token 1); they are dropped',
      'batches are refused for good (413: no token 3); they are dropped',
    ]);
  });

  it('says when there is room again', async () => {
    const { url } = await serve(accept);
    const { outbox } = outboxTo(transportTo(url), { bytes: 500 });
    for (const n of upTo(20)) {
      await outbox.room(never);
      await outbox.send(batch(n));
    }
    await outbox.drain(never);
    expect(outbox.stats).toMatchObject({ delivered: 20, thinned: 0 });
  });

  it('stops draining when it is told to, and closes in the middle of an attempt', async () => {
    const { url } = await serve(() => undefined);
    const { outbox } = outboxTo(transportTo(url));
    await outbox.send(batch(1));
    await expect(outbox.drain(AbortSignal.abort())).rejects.toThrow();
    await outbox.close();
    await outbox.send(batch(2));
    expect(outbox.stats).toMatchObject({ delivered: 0, queuedBatches: 1 });
  });
});

describe('DurableOutbox that catches up', () => {
  /** An outage that ends when a test says so, and a clock that only sleeping moves. */
  async function afterOutage(batches: number, catchUp: number) {
    let isUp = false;
    const { url, received } = await serve((_, response) => response.writeHead(isUp ? 202 : 503).end());
    let nowMs = 0;
    const slept: number[] = [];
    const pace = {
      now: () => nowMs,
      sleep: (ms: number) => {
        slept.push(ms);
        nowMs += ms;
        return Promise.resolve();
      },
    };
    const { outbox } = outboxTo(transportTo(url), { catchUp, pace });
    for (const n of upTo(batches)) await outbox.send(batch(n));
    await vi.waitFor(() => {
      expect(received.at(-1)?.sequences).toContain(batches);
    }, PATIENTLY);
    const refused = received.length;
    isUp = true;
    await outbox.drain(never);
    const taken = received.map(({ sequences }) => sequences).slice(refused);
    return { taken: taken.slice(taken.findIndex((one) => one.includes(batches))), slept, outbox };
  }

  it('sends the newest first, then from the oldest on, no faster than it may', async () => {
    const { taken, slept, outbox } = await afterOutage(26, 10);
    const [first = [], ...others] = taken;
    expect(first).toEqual([26, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(others).toEqual([
      [11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
      [21, 22, 23, 24, 25],
    ]);
    // Ten at ten a second, twice.
    expect(slept).toEqual([1000, 1000]);
    expect(outbox.stats).toMatchObject({ delivered: 26, newestDeliveredMs: 26_000 });
  });

  it('lets one go alone that is too large to go with the newest', async () => {
    const taken: number[][] = [];
    let isUp = false;
    const deliver = (batches: readonly EncodedBatch[]): Promise<Verdict> => {
      if (!isUp) return Promise.resolve({ kind: 'retry', afterMs: 0, message: 'down' });
      taken.push(batches.map(sequenceOf));
      return Promise.resolve({ kind: 'settled', refusals: new Map() });
    };
    const { outbox } = outboxTo({ ...model, deliver }, { catchUp: 1000 });
    for (const [n, size] of [
      [1, 2_000_000],
      [2, 2],
      [3, 2],
    ] as const)
      await outbox.send(batch(n, 'a', size));
    isUp = true;
    await outbox.drain(never);
    expect(taken).toEqual([[3], [1], [2]]);
  });

  it('sends one at a time where it may send less than one a second', async () => {
    const { taken, slept } = await afterOutage(4, 0.5);
    expect(taken).toEqual([[4, 1], [2], [3]]);
    expect(slept).toEqual([2000, 2000]);
  });

  it('sends what is new at once while it waits to go on with what is old', async () => {
    const { url, received } = await serve((_, response) => response.writeHead(received.length < 3 ? 503 : 202).end());
    let wakeUp = (): void => undefined;
    const pace = {
      now: () => 0,
      sleep: (_: number, signal: AbortSignal) =>
        new Promise<void>((resolve) => {
          wakeUp = resolve;
          signal.addEventListener('abort', () => {
            resolve();
          });
        }),
    };
    const { outbox } = outboxTo(transportTo(url), { catchUp: 1, pace });
    const settled = (delivered: number) =>
      vi.waitFor(() => {
        expect(outbox.stats.delivered).toBe(delivered);
      }, PATIENTLY);
    for (const n of [1, 2, 3]) await outbox.send(batch(n));
    await settled(2);
    await outbox.send(batch(4));
    await settled(3);
    expect(received.at(-1)?.sequences).toEqual([4]);
    expect(outbox.stats.queuedBatches).toBe(1);
    wakeUp();
  });
});
