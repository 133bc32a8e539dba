import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { DEFAULT_RUNBOOKS, GROUPS, ruleFile } from '../src/index.js';

it('has generated rules that are those of the code; `npm run dashboards` writes them', () => {
  const file = readFileSync(new URL('../generated/prometheus-rules.yaml', import.meta.url), 'utf8');
  expect(file).toBe(ruleFile(GROUPS, DEFAULT_RUNBOOKS));
});
