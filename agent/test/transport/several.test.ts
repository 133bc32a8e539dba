/** Requests of several batches, and what is made of the answers. */
import { describe, expect, it } from 'vitest';
import { accept, batch, never, serve, transportTo } from './surroundings.js';

const upTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const queue = { batches: 1000, bytes: 100 * 1024 * 1024 };

describe('HttpTransport with several batches that wait', () => {
  it('catches up after an outage in few requests, in order', async () => {
    const { url, received } = await serve((_, response, attempt) => {
      response.writeHead(attempt === 1 ? 503 : 202).end();
    });
    const { transport } = transportTo(url, { queue });
    for (const n of upTo(600)) transport.send(batch(n));
    await transport.drain(never);
    const [, ...taken] = received.map(({ sequences }) => sequences);
    expect(taken.map(({ length }) => length)).toEqual([256, 256, 88]);
    expect(taken.flat()).toEqual(upTo(600));
    expect(transport.stats).toMatchObject({ delivered: 600, retried: 1, newestDeliveredMs: 600_000 });
  });

  it('sends no more at once than fits in 4 MiB, but a larger batch alone', async () => {
    const { url, received } = await serve(accept);
    const { transport } = transportTo(url, { queue, gzip: false });
    transport.send(batch(1));
    for (const n of [2, 3, 4, 5, 6]) transport.send(batch(n, 'a', 1024 * 1024));
    transport.send(batch(7, 'a', 5 * 1024 * 1024));
    transport.send(batch(8));
    await transport.drain(never);
    expect(received.map(({ sequences }) => sequences)).toEqual([[1], [2, 3, 4, 5], [6], [7], [8]]);
  });

  it('loses no other batch to one in the middle that is refused, and says so once', async () => {
    const { url, received } = await serve(({ sequences }, response) => {
      const refused = [...sequences.entries()]
        .filter(([, sequence]) => sequence % 4 === 0)
        .map(([index]) => ({ index, error: 'invalid', field: 'vms[0].name', message: 'contains control characters' }));
      response.writeHead(202).end(JSON.stringify({ accepted: sequences.length - refused.length, refused }));
    });
    const { transport, lines } = transportTo(url);
    for (const n of upTo(10)) transport.send(batch(n));
    await transport.drain(never);
    expect(received.flatMap(({ sequences }) => sequences)).toEqual(upTo(10));
    expect(transport.stats).toMatchObject({ delivered: 8, queuedBatches: 0, newestDeliveredMs: 10_000 });
    expect([...transport.stats.rejected]).toEqual([['invalid', 2]]);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the collector refuses batches (contains control characters); they are dropped',
    ]);
  });

  it('halves requests that are too large until they are taken', async () => {
    const { url, received } = await serve(({ sequences }, response) => {
      response.writeHead(sequences.length > 3 ? 413 : 202).end();
    });
    const { transport, lines } = transportTo(url);
    for (const n of upTo(20)) transport.send(batch(n));
    await transport.drain(never);
    const taken = received.filter(({ sequences }) => sequences.length <= 3);
    expect(taken.flatMap(({ sequences }) => sequences)).toEqual(upTo(20));
    expect(received.slice(0, 5).map(({ sequences }) => sequences.length)).toEqual([1, 19, 9, 4, 2]);
    expect(transport.stats).toMatchObject({ delivered: 20, rejected: new Map() });
    expect(transport.stats.retried).toBe(received.length - taken.length);
    expect(lines).toEqual([]);
  });

  it('drops a batch that is too large alone, and no other', async () => {
    const { url } = await serve(({ sequences }, response) => {
      response.writeHead(sequences.includes(7) ? 413 : 202).end();
    });
    const { transport } = transportTo(url);
    for (const n of upTo(20)) transport.send(batch(n));
    await transport.drain(never);
    expect(transport.stats).toMatchObject({ delivered: 19, rejected: new Map([['413', 1]]) });
  });

  it('drops all of a request that is refused as a whole', async () => {
    const { url } = await serve((_, response, attempt) => response.writeHead(attempt === 2 ? 401 : 202).end());
    const { transport } = transportTo(url);
    for (const n of upTo(5)) transport.send(batch(n));
    await transport.drain(never);
    expect(transport.stats).toMatchObject({ delivered: 1, rejected: new Map([['401', 4]]) });
  });

  it('tells of each outage, though batches are refused in between', async () => {
    const { url } = await serve((_, response, attempt) => {
      response.writeHead(attempt % 2 === 1 ? 503 : 401).end();
    });
    const { transport, lines } = transportTo(url);
    for (const n of [1, 2]) {
      transport.send(batch(n));
      await transport.drain(never);
    }
    expect(lines.map(({ msg }) => msg.slice(0, 27))).toEqual([
      'cannot deliver: 503: no mes',
      'the collector refuses batch',
      'cannot deliver: 503: no mes',
    ]);
  });
});
