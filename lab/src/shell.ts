/**
 * A shell of the host or of a guest: a script goes in, what it prints and its exit code come out. The other end is
 * image/serve.sh. Scripts run one after the other.
 */
import type { Duplex } from 'node:stream';
import { BootTimeout, LabError } from './errors.js';
import { linesOf } from './connection.js';
import { within } from './wait.js';

/** Everything on the host is emulated, guests twice, on a machine that may be busy: only what is stuck takes longer. */
const PATIENCE_MS = 600_000;

export interface Shell {
  /** Resolves to what the script prints; rejects with LabError when it fails, is stuck, or the other end is gone. */
  run(script: string, timeoutMs?: number): Promise<string>;
}

/** Waits until the other end serves; rejects with BootTimeout when it does not in time. `name` is for messages. */
export function openShell(name: string, connection: Promise<Duplex>, timeoutMs: number): Promise<Shell> {
  const shell = connection.then((stream) => greet(name, stream));
  return within(timeoutMs, shell, () => new BootTimeout(`${name} did not come up in ${timeoutMs / 1000} s`));
}

async function greet(name: string, stream: Duplex): Promise<Shell> {
  const nextLine = linesOf(name, stream);

  async function until(end: RegExp): Promise<{ output: string; code: string | undefined }> {
    const output: string[] = [];
    for (;;) {
      const line = await nextLine();
      const match = end.exec(line);
      if (match) return { output: output.join('\n').trimEnd(), code: match[1] };
      output.push(line);
    }
  }

  async function run(script: string, patience: number): Promise<string> {
    stream.write(`${script}\n.\n`);
    const answer = until(/^=exit (\d+)=$/);
    const { output, code } = await within(patience, answer, () => new LabError(`${name} is stuck in:\n${script}`));
    if (code !== '0') throw new LabError(`${name}: exit code ${code ?? '?'} of\n${script}\n${output}`);
    return output;
  }

  await until(/^=ready=$/);
  let last: Promise<unknown> = Promise.resolve();
  return {
    run(script, patience = PATIENCE_MS) {
      const next = last.then(() => run(script, patience));
      last = next.catch(() => undefined);
      return next;
    },
  };
}
