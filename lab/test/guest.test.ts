/** What recorded guests counted themselves. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { LabError } from '../src/errors.js';
import { issuedCalls } from '../src/guest.js';

async function recorded(): Promise<string> {
  return readFile(join(await unpack('vfio-7.2'), 'guest', 'vfa.hcall_entry.hist'), 'utf8');
}

describe("a guest's histogram", () => {
  it('gives the TCE hypercalls that it issued', async () => {
    expect(Object.fromEntries(issuedCalls(await recorded()))).toEqual({
      H_PUT_TCE: 5171,
      H_PUT_TCE_INDIRECT: 80_374,
      H_STUFF_TCE: 85_603,
    });
  });

  it.each([
    ['cut short', (text: string) => text.slice(0, text.indexOf('Totals'))],
    ['that lacks a row', (text: string) => text.replace(/\{ opcode: +316 \}.*\n/, '')],
    ['that was full', (text: string) => text.replace('Dropped: 0', 'Dropped: 1')],
  ])('is refused when it is one %s', async (_, change) => {
    const text = await recorded();
    expect(() => issuedCalls(change(text))).toThrow(LabError);
  });
});
