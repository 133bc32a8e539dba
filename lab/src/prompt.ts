/** A prompt for a look around: a line runs on the host, `NAME: line` in that guest. */
import { createInterface } from 'node:readline/promises';
import type { Guest } from './guest.js';
import type { Host } from './host.js';

/** Resolves at the end of standard input. */
export async function prompt(host: Host, guests: readonly Guest[]): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stdout, prompt: 'host# ' });
  lines.prompt();
  for await (const line of lines) {
    const [, name, rest = ''] = /^(\w+): (.*)$/.exec(line) ?? [];
    const guest = guests.find((one) => one.name === name);
    const answer = guest ? guest.shell.run(rest) : host.run(line);
    console.log(await answer.catch((error: unknown) => (error as Error).message));
    lines.prompt();
  }
}
