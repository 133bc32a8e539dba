/**
 * A configuration on the command line: settings as options of a commander command and back, and the command
 * `check-config`.
 */
import { Command, Option } from 'commander';
import type { ConfigRow } from './describe.js';
import { fileVariable } from './load.js';
import type { Environment, GivenSettings } from './load.js';
import type { ProgramSurroundings } from './program.js';

/** Adds `--config`, and an option for each row that has a flag. */
export function addConfigOptions(command: Command, rows: readonly ConfigRow[], prefix: string): Command {
  command.option('--config <file>', `YAML file with settings (${fileVariable(prefix)})`);
  for (const row of rows) {
    const option = optionOf(row);
    if (option) command.addOption(option);
  }
  return command;
}

/** Takes from a parsed command what was given of the rows' options, for `loadConfig`. */
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

export interface CheckConfigOptions {
  /** The program, and a file that it may be given: `tcewatch-agent` and `/etc/tcewatch/agent.yaml`. */
  program: string;
  file: string;
  /** Prefix of the environment's names. */
  prefix: string;
  /** Loads the configuration. Throws ConfigError with all that is wrong. */
  load: (env: Environment, given: { file?: string | undefined }) => unknown;
}

/** Makes `check-config`, which says all that is wrong with a configuration, or that nothing is. */
export function checkConfigCommand({ program, file, prefix, load }: CheckConfigOptions) {
  const examples = `
Example:
  $ ${program} check-config ${file}
      checks the file together with the environment, as \`run --config\` would take them
`;
  return ({ env, stdout }: ProgramSurroundings): Command =>
    new Command('check-config')
      .description('check a configuration file and the environment; print ok or all that is wrong')
      .argument('[file]', `YAML file with settings (${fileVariable(prefix)})`)
      .addHelpText('after', examples)
      .action((file?: string) => {
        load(env, { file });
        stdout.write('ok\n');
      });
}
