/** The table of error codes and the code agree: each code that is used is in the table, and each entry is used. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../src/errors.js';

const SOURCES = fileURLToPath(new URL('../src/', import.meta.url));

/** All of the agent's code but the table, without comments. */
async function code(): Promise<string> {
  const names = (await readdir(SOURCES, { recursive: true })).filter((name) => name.endsWith('.ts'));
  const texts = await Promise.all(
    names.filter((name) => name !== 'errors.ts').map((name) => readFile(`${SOURCES}${name}`, 'utf8')),
  );
  return texts.map((text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')).join('\n');
}

describe('the table of error codes', () => {
  it('has no entry that is not used', async () => {
    const text = await code();
    expect(Object.keys(ERRORS).filter((key) => !text.includes(`'${key}'`))).toEqual([]);
  });

  it('has every code that an error is made with', async () => {
    const made = [...(await code()).matchAll(/new AgentError\(\s*'([a-z-]+)'/g)].map(([, key]) => key);
    expect(made.length).toBeGreaterThan(20);
    expect(made.filter((key) => !Object.hasOwn(ERRORS, key ?? ''))).toEqual([]);
  });

  it.each(Object.entries(ERRORS))('says of %s what happened and what to do, each in one sentence', (key, entry) => {
    expect(key).toMatch(/^[a-z]+(-[a-z]+)*$/);
    for (const text of [entry.meaning, entry.remedy]) expect(text).toMatch(/^[A-Z/].*[^.]\.$/);
  });
});
