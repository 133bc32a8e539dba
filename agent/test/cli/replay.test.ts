import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { decodeBatch, splitBatches } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { afterEach, describe, expect, it } from 'vitest';
import type { Totals } from '../../src/figures/totals.js';
import { run } from './surroundings.js';

let server: Server | undefined;
afterEach(() => server?.close());

/** A collector that answers each request as the test says. */
async function collector(answer: (batches: Batch[], response: ServerResponse) => void): Promise<string> {
  server = createServer((request, response) => {
    void request.toArray().then((chunks: Buffer[]) => {
      const frames = splitBatches(gunzipSync(Buffer.concat(chunks)));
      answer(
        frames.map((frame) => decodeBatch(frame)),
        response,
      );
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** VM, hypercall, calls in virtual mode and in userspace; those never made are left out. */
function made({ totals }: Totals): unknown[] {
  const calls = (mode: string) => totals.filter((total) => total.mode === mode).map((total) => total.calls);
  const [virtual, userspace] = [calls('virtual'), calls('userspace')];
  return totals
    .filter((total) => total.mode === 'real')
    .map(({ vm, hypercall }, i) => [vm, hypercall, virtual[i], userspace[i]])
    .filter(([, , inKernel, byQemu]) => inKernel !== 0 || byQemu !== 0);
}

describe('replay', () => {
  it('counts a VM that loses acceleration while it runs, to the call', async () => {
    const { status, stdout } = await run(['replay', await unpack('vfio-7.2'), '--json']);
    expect(status).toBe(0);
    const totals = JSON.parse(stdout) as Totals;
    expect(totals).toMatchObject({
      seen: 280_091,
      counted: 280_091,
      lost: 0,
      punted: { seen: 30_871, counted: 30_871, lost: 0 },
    });
    expect(made(totals)).toEqual([
      ['vfa', 'H_PUT_TCE', 5706, 0],
      ['vfa', 'H_PUT_TCE_INDIRECT', 80_885, 0],
      ['vfa', 'H_STUFF_TCE', 86_255, 0],
      ['hot', 'H_PUT_TCE', 5363, 0],
      ['hot', 'H_PUT_TCE_INDIRECT', 33_205, 15_435],
      ['hot', 'H_STUFF_TCE', 37_806, 15_436],
    ]);
    const real = totals.totals.filter((total) => total.mode === 'real');
    expect(new Set(real.map(({ calls, evidence, reason }) => `${calls} ${evidence} ${reason}`))).toEqual(
      new Set(['0 absent real-mode-retired']),
    );
    // One entry a call: what GPR7 holds in an H_PUT_TCE is junk.
    const put = totals.totals.find((t) => t.vm === 'hot' && t.hypercall === 'H_PUT_TCE' && t.mode === 'virtual');
    expect(put?.entries).toBe(5363);
  });

  it('counts a VM that never had acceleration, and shows it as a table', async () => {
    const { status, stdout } = await run(['replay', await unpack('fallback-6.1')]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^l2f +H_PUT_TCE_INDIRECT +0 \(absent\) +0 +13,963 +200,116$/m);
    expect(stdout).toContain('seen 122,450 = counted 122,450 + lost 0\n');
  });

  it('delivers every reading to the collector, in order, before it ends', async () => {
    const batches: Batch[] = [];
    const url = await collector((some, response) => {
      batches.push(...some);
      response.writeHead(202).end();
    });
    const args = ['--collector-url', url, '--outbox-bytes', '1MiB', '--host-name', 'power1', '--json'];
    const { status } = await run(['replay', await unpack('fallback-6.1'), ...args]);
    expect(status).toBe(0);
    expect(batches.length).toBeGreaterThanOrEqual(352);
    expect(batches.map(({ sequence }) => sequence)).toEqual(batches.map((_, i) => i + 1));
    expect(batches.at(-1)).toMatchObject({ host: { name: 'power1' }, accounts: [{ seen: 122_450 }, { seen: 44_842 }] });
  });

  it('fails when the collector refuses readings', async () => {
    const url = await collector((_, response) => response.writeHead(401).end('{"message":"wrong token"}'));
    const { status, stderr, lines } = await run(['replay', await unpack('fallback-6.1'), '--collector-url', url]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^the collector refused \d+ readings; the log says why$/m);
    expect(lines.map(({ msg }) => msg)).toContain('batches are refused for good (401: wrong token); they are dropped');
  });

  it('says how far it came when it is stopped', async () => {
    const stop = new AbortController();
    const url = await collector((_, response) => {
      response.writeHead(202).end();
      stop.abort();
    });
    const args = [await unpack('fallback-6.1'), '--speed', '1', '--collector-url', url];
    const { status, stdout, stderr } = await run(['replay', ...args], { stop: stop.signal });
    expect(status).toBe(1);
    expect(stdout).toContain('seen ');
    expect(stderr).toBe('stopped before the end of the recording\n');
  });

  it('says that a directory is no recording', async () => {
    const { status, stdout, stderr } = await run(['replay', import.meta.dirname]);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('is no recording');
  });
});
