/** Writes the generated files: `npm run dashboards`. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { DEFAULT_RUNBOOKS, ruleFile } from './rule-file.js';
import { GROUPS } from './rules/index.js';

/** The same from `src` and from `dist`. */
const FILE = fileURLToPath(new URL('../generated/prometheus-rules.yaml', import.meta.url));

const { runbooks, rules } = new Command('dashboards')
  .description("writes Prometheus' rules")
  .option('--runbooks <url>', 'where the collector serves the runbooks', DEFAULT_RUNBOOKS)
  .option('--rules <file>', 'where to write the rules', FILE)
  .parse()
  .opts<{ runbooks: string; rules: string }>();
await writeFile(rules, ruleFile(GROUPS, runbooks.replace(/\/+$/, '')));
