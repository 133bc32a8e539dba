/** What the tests of deploy/ run: programs of this machine, and the two of the repository as `npm run build` made them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
export const PROGRAMS = ['agent', 'collector'] as const;
export type ProgramName = (typeof PROGRAMS)[number];

export interface Ended {
  status: number | null;
  /** Standard output. */
  out: string;
  /** Both outputs. */
  said: string;
}

/** Runs to its end, in the repository. */
export function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
  const options = { cwd: REPOSITORY, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (error) throw error;
  return { status, out: stdout, said: stdout + stderr };
}

/** As run, where all but success is an error. Resolves to its standard output. */
export function must(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  const { status, out, said } = run(command, args, env);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${String(status)}:\n${said.slice(-4000)}`);
  return out;
}

export function has(...tools: readonly string[]): boolean {
  return tools.every((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0);
}

/** `tcewatch-agent check-config FILE`, or the collector's. */
export function checkConfig(program: ProgramName, file: string, env: Readonly<Record<string, string>> = {}): Ended {
  return run(process.execPath, [`${program}/bin/tcewatch-${program}.js`, 'check-config', file], env);
}
