import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { expect, it } from 'vitest';
import { parseStats } from '../../../src/ring/decode/stats.js';
import { fixture } from './recorded.js';

it('reads what the kernel counted, before and after the buffer was read', async () => {
  const read = async (name: string) => parseStats(await readFile(join(await unpack('lost-6.1'), name), 'utf8'));
  const quiet = { read: 0, overrun: 0, dropped: 0, commitOverrun: 0 };
  expect(await read('O.overwrite.cpu0.stats')).toEqual({ ...quiet, entries: 1911, overrun: 4092 });
  expect(await read('O.overwrite.cpu0.stats.after')).toEqual({ ...quiet, entries: 0, overrun: 4092, read: 1911 });
  expect(await read('O.no-overwrite.cpu1.stats')).toEqual({ ...quiet, entries: 2728, dropped: 4630 });
});

it.each([
  [/overrun: 858/, 'overrun: -858', 2],
  [/dropped events: 0/, 'dropped events: 99999999999999999999', 7],
  [/read events: 0/, 'read events:', 9],
])('names the line of %s when it is %s', async (from, to, position) => {
  const text = (await fixture('stats')).replace(from, to);
  expect(() => parseStats(text)).toThrow(expect.objectContaining({ name: 'RingError', code: 'malformed', position }));
});
