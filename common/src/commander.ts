/** The settings of a schema as options of a commander command, and back. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { ConfigRow } from './describe.js';
import { fileVariable } from './load.js';
import type { GivenSettings } from './load.js';

/** Adds `--config`, and an option for each row that has a flag. */
export function addConfigOptions(command: Command, rows: readonly ConfigRow[], prefix: string): Command {
  command.option('--config <file>', `YAML file with settings (${fileVariable(prefix)})`);
  for (const row of rows) {
    const option = optionOf(row);
    if (option) command.addOption(option);
  }
  return command;
}

/** What was given of them, for `loadConfig`. */
export function givenSettings(command: Command, rows: readonly ConfigRow[]): Required<GivenSettings> {
  const given = rows.flatMap((row) => {
    const option = optionOf(row);
    const text: unknown = option && command.getOptionValue(option.attributeName());
    return typeof text === 'string' ? [[row.path, text] as const] : [];
  });
  return { file: command.getOptionValue('config') as string | undefined, flags: Object.fromEntries(given) };
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
