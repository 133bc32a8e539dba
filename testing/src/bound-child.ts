/** Programs that live no longer than the process that starts them. */
import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';

/** Starts a program that the kernel kills when this process ends, however that ends. Its process id is the program's. */
export function spawnBound([program, ...args]: readonly [string, ...string[]], options: SpawnOptions): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], options);
}
