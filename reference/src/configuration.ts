/**
 * The reference pages of the settings, docs/reference/{agent,collector}-configuration.md, from the programs' schemas.
 */
import { agentConfigRows } from '@tcewatch/agent';
import { CONFIG_ROWS as collectorConfigRows } from '@tcewatch/collector';
import type { ConfigRow } from '@tcewatch/common';

export function agentConfiguration(): string {
  return configurationPage("The agent's configuration", introduction('agent'), agentConfigRows);
}

export function collectorConfiguration(): string {
  return configurationPage("The collector's configuration", introduction('collector'), collectorConfigRows);
}

/** Builds a section for each setting: its description, type, default, environment variable and flag. */
export function configurationPage(title: string, opening: string, rows: readonly ConfigRow[]): string {
  const sections = rows.map((row) => {
    const facts = [
      `type: ${row.type}`,
      row.fallback === undefined ? 'no default' : `default: \`${JSON.stringify(row.fallback)}\``,
      ...[row.env, row.flag].flatMap((name) => (name === undefined ? [] : `\`${name}\``)),
    ];
    return `## \`${row.path}\`\n\n${row.description}\n\n${facts.map((fact) => `- ${fact}\n`).join('')}`;
  });
  return `# ${title}\n\n${opening}\n\n${sections.join('\n')}`;
}

function introduction(program: 'agent' | 'collector'): string {
  const name = `tcewatch-${program}`;
  return `\`${name}\` takes its settings from a YAML file (\`--config FILE\` or \`TCEWATCH_${program.toUpperCase()}_CONFIG\`), from the
environment and from flags; each wins over the one before. \`${name} check-config FILE\` says all that is wrong with a file. Secrets
have no flag, since other users see a program's arguments; give the path of a file that holds them. This page is generated from
\`${program}/src/config/schema.ts\`.`;
}
