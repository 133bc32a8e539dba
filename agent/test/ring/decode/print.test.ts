/** The decoder against the kernel's own printing of the same buffer: each event's CPU, time, thread and fields. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';
import type { HypercallEvents } from '../../../src/ring/decode/events.js';
import { Pairing } from '../../../src/ring/decode/pair.js';
import { pairAll, recordedRing } from './recorded.js';
import { feedText } from './text.js';

/** One line for each event; punts without their hypercall, which the print leaves out. */
class Lines extends Pairing implements HypercallEvents {
  readonly lines: string[] = [];

  override entered(...[cpu, ns, tid, hypercall, liobn, npages]: Parameters<Pairing['entered']>): void {
    this.lines.push(
      `${cpu} ${micros(ns)} ${tid} ${hypercall} ${liobn.toString(16)} ${npages < 2 ** 32 ? npages : 'junk'}`,
    );
  }

  override enteredOther(tid: number): void {
    this.lines.push(`${tid} other`);
  }

  override exited(...[cpu, ns, tid, outcome]: Parameters<Pairing['exited']>): void {
    this.lines.push(`${cpu} ${micros(ns)} ${tid} ${outcome}`);
  }
}

/** Rounds as the kernel's ns2usecs() does. */
function micros(ns: number): number {
  return Math.floor((ns + 500) / 1000);
}

it.each([
  ['outcomes-6.1', 'l2p.mode1.cpuN', 'l2p.mode1.trace.txt', 20_554],
  ['lost-6.1', 'O.overwrite.cpuN', 'O.overwrite.trace-head.txt', 28],
])('%s: %s says what %s says', async (recording, buffer, print, events) => {
  const ring = await recordedRing(recording, { events: 'events', raw: `${buffer}.raw`, stats: `${buffer}.stats` });
  const decoded = new Lines();
  pairAll(ring, decoded);
  const printed = new Lines();
  feedText(await readFile(join(await unpack(recording), print), 'utf8'), printed);
  expect(printed.lines).toHaveLength(events);
  expect(decoded.lines.slice(0, events)).toEqual(printed.lines);
});
