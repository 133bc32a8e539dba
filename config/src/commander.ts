/** The settings of a schema as options of a commander command, and back. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ConfigRow } from './describe.js';

/** Adds an option for each row that has a flag. */
export function addConfigOptions(command: Command, rows: readonly ConfigRow[]): Command {
  for (const row of rows) {
    const option = optionOf(row);
    if (option) command.addOption(option);
  }
  return command;
}

/** Path to text of the options that were given, for `loadConfig`. */
export function configFlags(command: Command, rows: readonly ConfigRow[]): Record<string, string> {
  const given = rows.flatMap((row) => {
    const option = optionOf(row);
    const text: unknown = option && command.getOptionValue(option.attributeName());
    return typeof text === 'string' ? [[row.path, text] as const] : [];
  });
  return Object.fromEntries(given);
}

function optionOf(row: ConfigRow): Option | undefined {
  if (row.flag === undefined) return undefined;
  const choices = row.type.startsWith('one of');
  const notes = [
    ...(choices ? [row.type] : []),
    ...(row.fallback === undefined ? [] : [`default: ${JSON.stringify(row.fallback)}`]),
  ];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return new Option(`${row.flag} <${choices ? 'name' : row.type}>`, row.description + note);
}
