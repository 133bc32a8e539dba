import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unpack } from '@tcewatch/recordings';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistError } from '../../../src/tracefs/hist/trigger.js';
import { parseHist, pickHistogram } from '../../../src/tracefs/hist/parse.js';

/** Printed by real kernels; the name ends in the kernel's version. */
const fixture = (name: string) => readFile(fileURLToPath(new URL(`fixtures/${name}.hist`, import.meta.url)), 'utf8');

const enter = await fixture('kvm_hcall_enter-7.2');

function errorOf(text: string): HistError {
  try {
    parseHist(text);
  } catch (error) {
    if (error instanceof HistError) return error;
    throw error;
  }
  throw new Error('it was parsed');
}

describe('a hist file', () => {
  it('gives its trigger, its rows and its totals', () => {
    const [histogram, ...more] = parseHist(enter);
    expect(more).toEqual([]);
    expect(histogram?.trigger).toEqual({
      keys: ['common_pid', 'req', 'gpr4'].map((name) => ({ name, modifier: undefined })),
      vals: ['hitcount', 'gpr7'].map((name) => ({ name, modifier: undefined })),
      size: 4096,
      others: [],
      filter: 'req == 0x1c || req == 0x20 || req == 0x138 || req == 0x13c',
      state: 'active',
    });
    expect(histogram?.rows).toHaveLength(25);
    expect(histogram?.rows[1]).toEqual({ keys: [652n, 32n, 0x71000002n], hitcount: 2, sums: [53664n] });
    expect(histogram).toMatchObject({ hits: 280_091, dropped: 0 });
  });

  it('may be of a table in which nothing was counted', () => {
    const empty = enter.replace(/^\{.*\n/gm, '');
    expect(parseHist(empty.replace('280091', '0').replace('Entries: 25', 'Entries: 0'))[0]?.rows).toEqual([]);
  });

  it('may hold hexadecimal keys, and names of threads', async () => {
    const [histogram] = parseHist(await fixture('hex-keys-6.1'));
    expect(histogram?.rows.map(({ keys }) => keys)).toEqual([
      ['CPU 0/KVM       [      1411]', 0x138n, 0x71000002n],
      ['CPU 0/KVM       [      1411]', 0x13cn, 0x71000002n],
      ['CPU 0/KVM       [      1411]', 0x138n, 0x71000003n],
    ]);
  });

  it('may hold several histograms', async () => {
    const histograms = parseHist(await fixture('three-triggers-6.1'));
    expect(histograms.map(({ hits }) => hits)).toEqual([536, 532, 530]);
    expect(histograms[0]?.rows[0]).toEqual({ keys: [1411n, 316n, 0n], hitcount: 245, sums: [50_276n] });
    expect(pickHistogram(histograms, ['req', 'rc']).hits).toBe(530);
    expect(() => pickHistogram(histograms, ['req', 'ret', 'lat'])).toThrow(
      'has no histogram with the keys req,ret,lat',
    );
    expect(() => pickHistogram([...histograms, ...histograms], ['req', 'rc'])).toThrow('has 2 histograms');
  });

  it('may hold keys in powers of two', async () => {
    const histograms = parseHist(await fixture('three-triggers-6.1'));
    const { rows } = pickHistogram(histograms, ['req', 'ret', 'lat.log2']);
    expect(rows.map(({ keys, hitcount }) => [keys[0], keys[2], hitcount])).toEqual([
      [316n, 11n, 1],
      [312n, 13n, 1],
      [316n, 10n, 2],
      [316n, 12n, 2],
      [316n, 13n, 2],
      [312n, 9n, 3],
      [316n, 9n, 10],
      [312n, 8n, 11],
      [316n, 8n, 79],
      [312n, 6n, 106],
      [316n, 7n, 148],
      [312n, 7n, 167],
    ]);
  });

  it('keeps 64-bit values exactly', () => {
    const text = enter.replace('2147483648 } hitcount:          1  gpr7:      16275', (row) =>
      row.replace('2147483648', '18446744073709551615').replace('16275', '9007199254740993'),
    );
    expect(parseHist(text)[0]?.rows[0]).toMatchObject({ keys: [653n, 32n, 2n ** 64n - 1n], sums: [2n ** 53n + 1n] });
  });

  it('is read in every snapshot of a host under load', async () => {
    const directory = await unpack('vfio-7.2');
    for (const snapshot of await readdir(join(directory, 'hist'))) {
      const text = await readFile(join(directory, 'hist', snapshot, 'kvm_hcall_enter.hist'), 'utf8');
      const { rows, hits } = pickHistogram(parseHist(text), ['common_pid', 'req', 'gpr4']);
      expect(rows.reduce((sum, row) => sum + row.hitcount, 0)).toBeLessThanOrEqual(hits);
    }
  });
});

describe('a hist file is refused, with the line', () => {
  it('wherever it was cut', () => {
    for (let length = 0; length < enter.length; length++) errorOf(enter.slice(0, length));
  });

  it.each([
    ['is not a hist file', '# tracer: nop\n', 1],
    ['has no trigger info', enter.replace('# trigger info: ', '# '), 3],
    ['has a trigger of another kind', enter.replace('info: hist:', 'info: stacktrace:'), 3],
    ['has a key that the trigger has not', enter.replace('gpr4: 1895825410', 'gpr5: 1895825410'), 7],
    ['has a word where a number belongs', enter.replace('hitcount:          2', 'hitcount:         zz'), 7],
    ['has a number beyond 64 bits', enter.replace('gpr4: 1895825410', 'gpr4: 18446744073709551616'), 7],
    ['has a hitcount beyond 2^53', enter.replace('hitcount:          2', 'hitcount: 9007199254740993'), 7],
    ['has more rows than Entries', enter.replace('Entries: 25', 'Entries: 24'), 34],
    ['counts more in its rows than in Hits', enter.replace('hitcount:          2', 'hitcount:          3'), 33],
    ['counted, but shows no rows', enter.replace(/^\{.*\n/gm, '').replace('Entries: 25', 'Entries: 0'), 8],
    ['goes on after its totals', `${enter}more\n`, 36],
  ])('when it %s', (_, text, line) => {
    const error = errorOf(text);
    expect(error.line).toBe(line);
    expect(error.message).toContain(`line ${line}: `);
  });

  it('or parsed, whatever was changed in it', () => {
    const change = fc.record({ at: fc.nat(enter.length), length: fc.nat(40), by: fc.string({ maxLength: 40 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const text = changes.reduce((t, { at, length, by }) => t.slice(0, at) + by + t.slice(at + length), enter);
        try {
          parseHist(text);
        } catch (error) {
          expect(error).toBeInstanceOf(HistError);
        }
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => errorOf(text) instanceof HistError));
  });
});
