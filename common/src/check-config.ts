/** The command `check-config` of any program: says all that is wrong with a configuration, or that nothing is. */
import { Command } from 'commander';
import { fileVariable } from './load.js';
import type { Environment } from './load.js';
import type { ProgramSurroundings } from './program.js';

export interface CheckConfigOptions {
  /** The program, and a file that it may be given: `tcewatch-agent` and `/etc/tcewatch/agent.yaml`. */
  program: string;
  file: string;
  /** Of the environment's names. */
  prefix: string;
  /** Throws ConfigError with all that is wrong. */
  load: (env: Environment, given: { file?: string | undefined }) => unknown;
}

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
