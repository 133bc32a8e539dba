/** The reference page of the collector's configuration, docs/reference/collector-configuration.md. */
import { configReference } from '@tcewatch/common';
import { CONFIG_ROWS } from './load.js';

const INTRODUCTION = `\`tcewatch-collector\` takes its settings from a YAML file (\`--config FILE\` or \`TCEWATCH_COLLECTOR_CONFIG\`), from the environment and
from flags; each wins over the one before. \`tcewatch-collector check-config FILE\` says all that is wrong with a file. Secrets have
no flag, since other users see a program's arguments; give the path of a file that holds them. This page is generated from
\`collector/src/config/schema.ts\`.`;

/** Markdown, not yet wrapped by the formatter. */
export function collectorReference(): string {
  return configReference("The collector's configuration", INTRODUCTION, CONFIG_ROWS);
}
