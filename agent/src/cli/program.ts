/** The program's commands, and what its exit status is. */
import { ConfigError } from '@tcewatch/config';
import { Command, CommanderError } from 'commander';
import { SourceError } from '../model.js';
import { checkConfigCommand } from './check-config.js';
import { replayCommand } from './replay.js';
import { runCommand } from './run.js';
import { CommandError } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

/** Resolves to the exit status: 0, or 1 with the reason on standard error. `args` are those after the program's name. */
export async function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, version } = surroundings;
  const program = new Command('tcewatch-agent')
    .description('Counts the TCE hypercalls of the KVM guests of a POWER host by the mode that completed them.')
    .version(version);
  for (const command of [runCommand, replayCommand, checkConfigCommand]) program.addCommand(command(surroundings));
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showHelpAfterError('(add --help for what there is)')
      .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) });
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has said already what it does not understand.
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof ConfigError || error instanceof CommandError || error instanceof SourceError)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}
