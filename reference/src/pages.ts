/** The list of all generated pages. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { causeTexts } from './causes.js';
import { chartReadme } from './chart-readme.js';
import { agentConfiguration, collectorConfiguration } from './configuration.js';
import { errorsPage } from './errors.js';
import { evidenceTexts } from './evidence.js';
import { fill } from './fill.js';
import { metricsPage } from './metrics.js';

/** Makers of the pages' Markdown, not yet wrapped, by path below the repository. */
const PAGES: Readonly<Record<string, (path: string) => string>> = {
  'docs/reference/agent-configuration.md': agentConfiguration,
  'docs/reference/causes.md': (path) => fill(read(path), causeTexts()),
  'docs/reference/collector-configuration.md': collectorConfiguration,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/evidence.md': (path) => fill(read(path), evidenceTexts()),
  'docs/reference/metrics.md': metricsPage,
  'helm/tcewatch/README.md': () => chartReadme(read('helm/tcewatch/values.yaml')),
};

export const PAGE_PATHS: readonly string[] = Object.keys(PAGES);

/** Absolute path of a file of the repository. */
export function fileOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** Makes a page of {@link PAGE_PATHS} as it is to be committed; throws RangeError for any other path. */
export async function pageText(path: string): Promise<string> {
  const page = PAGES[path];
  if (!page) throw new RangeError(`${path} is not generated`);
  const file = fileOf(path);
  return format(page(path), { ...(await resolveConfig(file)), filepath: file });
}

function read(path: string): string {
  return readFileSync(fileOf(path), 'utf8');
}
