/** A hostile guest, which makes up LIOBNs; see image/flood.S. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startQemu } from './guest-qemu.js';
import type { GuestProcess } from './guest-qemu.js';
import type { IssuedReading } from './guest.js';
import type { Host } from './host.js';
import { poll } from './poll.js';
import { mark } from './tracing.js';

/** Calls that it makes, each with another LIOBN: CALLS of image/flood.S. */
export const FLOOD_CALLS = 20_000;
const NAME = 'flood';

export interface Flood extends GuestProcess {
  name: string;
  life: number;
  readings: IssuedReading[];
}

/** Starts it for the first time or anew, and waits until it has made all its calls. */
export async function flood(host: Host, life: number): Promise<Flood> {
  const began = `${NAME} begins life ${life}`;
  await mark(host, began);
  const plan = { name: NAME, uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a05' };
  const process = await startQemu(host, plan, '-bios /guest/flood.bin');
  await poll('the hostile guest has made its calls', async () => {
    const console = await readFile(join(host.share, `${NAME}.console`), 'utf8');
    // Of all lives.
    return console.split('done').length > life ? true : undefined;
  });
  const ended = `${NAME} is done with life ${life}`;
  await mark(host, ended);
  const readings = [
    { from: began, to: began, issued: new Map() },
    { from: ended, to: ended, issued: new Map([['H_PUT_TCE' as const, FLOOD_CALLS]]) },
  ];
  return { name: NAME, life, readings, ...process };
}
