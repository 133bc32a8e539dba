/** Runs the program as a shell would, in this process. */
import { EventEmitter } from 'node:events';
import { main } from '../../src/cli/program.js';
import type { Surroundings } from '../../src/cli/surroundings.js';
import type { Keyboard } from '../../src/terminal/screen.js';
import { realPace } from '../../src/clock.js';
import { collectLog } from '../log/collect.js';
import type { LogLine } from '../log/collect.js';

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
  lines: LogLine[];
}

export async function run(args: readonly string[], given: Partial<Surroundings> = {}): Promise<Ran> {
  const { createLog, lines } = collectLog();
  let stdout = '';
  let stderr = '';
  const status = await main(args, {
    env: {},
    stdin: new EventEmitter() as Keyboard & EventEmitter,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stop: new AbortController().signal,
    version: '1.2.3',
    pace: realPace,
    createLog,
    ...given,
  });
  return { status, stdout, stderr, lines };
}
