/** Writes the generated files: `npm run dashboards`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { DASHBOARDS, dashboardFile } from './grafana/index.js';
import { DEFAULT_RUNBOOKS, ruleFile } from './rule-file.js';
import { GROUPS } from './rules/index.js';

/** Folder of the generated files, whether this runs from `src` or from `dist`. */
const GENERATED = fileURLToPath(new URL('../generated/', import.meta.url));

const { runbooks, rules, dashboards } = new Command('dashboards')
  .description("writes Prometheus' rules and Grafana's dashboards")
  .option('--runbooks <url>', 'where the collector serves the runbooks', DEFAULT_RUNBOOKS)
  .option('--rules <file>', 'where to write the rules', join(GENERATED, 'prometheus-rules.yaml'))
  .option('--dashboards <folder>', 'where to write the dashboards', join(GENERATED, 'grafana'))
  .parse()
  .opts<{ runbooks: string; rules: string; dashboards: string }>();
await writeFile(rules, ruleFile(GROUPS, runbooks.replace(/\/+$/, '')));
await mkdir(dashboards, { recursive: true });
for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
  await writeFile(join(dashboards, `${name}.json`), dashboardFile(dashboard));
}
