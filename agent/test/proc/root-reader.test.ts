import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { lookAt, problemsOf, textAside } from '../../src/proc/root-reader.js';

it('reads a file aside whole, however long, and says of what is none that it is none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tcewatch-look-'));
  onTestFinished(() => rm(root, { recursive: true }));
  // Three bytes each, so that reads end within a character.
  for (const length of [0, 1, 2731, 2732, 50_000]) {
    const text = '€'.repeat(length);
    await writeFile(join(root, 'file'), text);
    expect(await textAside(lookAt(root), 'file')).toBe(text);
  }
  const look = lookAt(root);
  expect(await textAside(look, 'nothing')).toBeUndefined();
  expect(problemsOf(look)).toEqual([]);
  expect(await textAside(look, '.')).toBeUndefined();
  expect(problemsOf(look)).toEqual([expect.stringContaining('EISDIR')]);
});
