/** Runs the program as a shell would, in this process. */
import { pino } from 'pino';
import { main } from '../../src/cli/program.js';

/** Starts the program; `line` is the first that it prints, `stop` asks it to stop. */
export function start(args: string[], env: Record<string, string> = {}) {
  const stopping = new AbortController();
  const said = { out: '', err: '' };
  let printed: (line: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => (printed = resolve));
  const ended = main(args, {
    env,
    stop: stopping.signal,
    version: '1.2.3',
    createLog: () => pino({ level: 'silent' }),
    stdout: {
      write: (text) => {
        said.out += text;
        printed(text);
      },
    },
    stderr: { write: (text) => (said.err += text) },
  });
  const stop = () => {
    stopping.abort();
  };
  return { said, line, ended, stop };
}

export async function run(args: string[], env: Record<string, string> = {}) {
  const { said, ended } = start(args, env);
  return { status: await ended, ...said };
}
