/**
 * What the programs do alike around their commands: surroundings, exit status, and errors in words for the operator.
 */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { ConfigError } from './load.js';
import type { Environment } from './load.js';

/** What the commands of any program take from outside, so that tests can give it. */
export interface ProgramSurroundings {
  env: Environment;
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
  /** Aborted when the program is asked to stop. */
  stop: AbortSignal;
  version: string;
}

/**
 * Something that went wrong and was foreseen: the message is for the operator, and the program ends with the status.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly status: number;

  constructor(message: string, { status = 1, cause }: { status?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.status = status;
  }
}

export interface Program<S extends ProgramSurroundings> {
  /** The program's name, as one types it. */
  name: string;
  description: string;
  commands: readonly ((surroundings: S) => Command)[];
  /** Errors whose message is for the operator too; anything else that is thrown is a bug and goes on up. */
  foreseen: readonly (abstract new (...args: never[]) => Error)[];
}

/**
 * Runs the command that `args` name, those after the program's own name. Resolves to the exit status: 0, or another
 * with the reason on standard error.
 */
export async function runProgram<S extends ProgramSurroundings>(
  { name, description, commands, foreseen }: Program<S>,
  args: readonly string[],
  surroundings: S,
): Promise<number> {
  const { stdout, stderr, version } = surroundings;
  const program = new Command(name).description(description).version(version);
  for (const command of commands) program.addCommand(command(surroundings));
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
    const known = [ConfigError, CommandError, ...foreseen].find((kind) => error instanceof kind);
    if (!known) throw error;
    stderr.write(`${(error as Error).message}\n`);
    return error instanceof CommandError ? error.status : 1;
  }
}

/**
 * Takes the surroundings from this process; the first SIGINT or SIGTERM asks it to stop, the second ends it at once.
 * `manifest` is the program's package.json, which has its version.
 */
export function surroundingsOf(
  process: NodeJS.Process,
  manifest: URL,
): ProgramSurroundings & Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'> {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1);
      stopping.abort();
    });
  }
  const { env, stdin, stdout, stderr } = process;
  return { env, stdin, stdout, stderr, stop: stopping.signal, version };
}

/**
 * Ends the process once its output is written, whatever still holds sockets or timers: what has to be finished, the
 * commands have awaited.
 */
export async function endProcess(process: NodeJS.Process, status: number): Promise<never> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise<void>((written) => {
      stream.write('', () => {
        written();
      });
    });
  }
  return process.exit(status);
}
