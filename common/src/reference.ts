/** The reference page of a schema, in Markdown. */
import type { ConfigRow } from './describe.js';

/** A section for each setting: its type, default, environment variable and flag. */
export function configReference(title: string, introduction: string, rows: readonly ConfigRow[]): string {
  const sections = rows.map((row) => {
    const facts = [
      `type: ${row.type}`,
      row.fallback === undefined ? 'no default' : `default: \`${JSON.stringify(row.fallback)}\``,
      ...[row.env, row.flag].flatMap((name) => (name === undefined ? [] : `\`${name}\``)),
    ];
    return `## \`${row.path}\`\n\n${row.description}\n\n${facts.map((fact) => `- ${fact}\n`).join('')}`;
  });
  return `# ${title}\n\n${introduction}\n\n${sections.join('\n')}`;
}
