/**
 * A shell of the host or of a guest: a script goes in, what it prints and its exit code come out. The other end is
 * image/serve.sh. Scripts run one after the other.
 */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { BootTimeout, LabError } from './errors.js';
import { within } from './within.js';

/** Everything on the host is emulated, guests twice: a limit that only something stuck exceeds. */
const PATIENCE_MS = 180_000;

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
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  stream.on('error', () => undefined); // readline ends as well, and that is reported

  async function until(end: RegExp): Promise<{ output: string; match: RegExpExecArray }> {
    const output: string[] = [];
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true)
        throw new LabError(`${name} is gone: its connection ended after\n${output.slice(-20).join('\n')}`);
      const match = end.exec(value);
      if (match) return { output: output.join('\n').trimEnd(), match };
      output.push(value);
    }
  }

  async function run(script: string, patience: number): Promise<string> {
    stream.write(`${script}\n.\n`);
    const answer = until(/^=exit (\d+)=$/);
    const { output, match } = await within(patience, answer, () => new LabError(`${name} is stuck in:\n${script}`));
    if (match[1] !== '0') throw new LabError(`${name}: exit code ${match[1] ?? '?'} of\n${script}\n${output}`);
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
