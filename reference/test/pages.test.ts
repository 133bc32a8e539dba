import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { PAGE_PATHS, fileOf, pageText } from '../src/index.js';

it.each(PAGE_PATHS)('%s is what the code says; else run npm run generate', async (path) => {
  expect(readFileSync(fileOf(path), 'utf8')).toBe(await pageText(path));
});

it('makes no page that is not in the list', async () => {
  await expect(pageText('README.md')).rejects.toThrow('README.md is not generated');
});
