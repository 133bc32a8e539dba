/** The reference page of the agent's configuration, docs/reference/agent-configuration.md. */
import { configReference } from '@tcewatch/common';
import { CONFIG_ROWS } from './schema.js';

const INTRODUCTION = `\`tcewatch-agent\` takes its settings from a YAML file (\`--config FILE\` or \`TCEWATCH_AGENT_CONFIG\`), from the environment and from
flags; each wins over the one before. \`tcewatch-agent check-config FILE\` says all that is wrong with a file. Secrets have no flag,
since other users see a program's arguments; give the path of a file that holds them. This page is generated from
\`agent/src/config/schema.ts\`.`;

/** Markdown, not yet wrapped by the formatter. */
export function agentReference(): string {
  return configReference("The agent's configuration", INTRODUCTION, CONFIG_ROWS);
}
