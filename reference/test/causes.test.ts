import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { causeRows, causeTexts } from '../src/causes.js';
import { fileOf, marksIn } from '../src/index.js';

const codes = causeRows().map(({ code }) => code);

describe('docs/reference/causes.md', () => {
  const page = readFileSync(fileOf('docs/reference/causes.md'), 'utf8');

  it('has a section for each cause, in their order, and none besides', () => {
    expect(marksIn(page)).toEqual(codes);
    expect([...page.matchAll(/^### `(.*)`$/gm)].map(([, code]) => code)).toEqual(codes);
    for (const code of codes) expect(page).toContain(`### \`${code}\`\n\n<!-- generated: ${code} -->\n`);
  });

  it('names every cause once', () => {
    expect(new Set(codes).size).toBe(codes.length);
  });
});

it('marks names of settings and of capabilities as code, once', () => {
  const text = causeTexts().get('multi-tce-not-enabled');
  expect(text).toContain('Set `hist.detail` on the agent');
  expect(text).toContain('(`KVM_CAP_PPC_ENABLE_HCALL`)');
});
