import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openRoot, problemsOf, textAside } from '../../src/proc/root-reader.js';

it('reads a file aside whole, however long, and says of what is none that it is none', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tcewatch-look-'));
  onTestFinished(() => rm(root, { recursive: true }));
  // Three bytes each, so that reads end within a character.
  for (const length of [0, 1, 2731, 2732, 50_000]) {
    const text = '€'.repeat(length);
    await writeFile(join(root, 'file'), text);
    expect(await textAside(openRoot(root), 'file')).toBe(text);
  }
  const reader = openRoot(root);
  expect(await textAside(reader, 'nothing')).toBeUndefined();
  expect(problemsOf(reader)).toEqual([]);
  expect(await textAside(reader, '.')).toBeUndefined();
  expect(problemsOf(reader)).toEqual([expect.stringContaining('EISDIR')]);
});
