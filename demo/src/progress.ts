/** A progress bar over the recording's own time, fed by what the store has; silent where nobody looks. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';

/** First and last second of the recording, as Unix time. */
export async function timeSpan(directory: string): Promise<{ first: number; last: number }> {
  const snapshots = (await readdir(join(directory, 'hist'))).sort();
  const at = async (snapshot: string | undefined): Promise<number> =>
    Number((await readFile(join(directory, 'hist', snapshot ?? '', 'clock'), 'utf8')).split(' ')[0]);
  return { first: await at(snapshots[0]), last: await at(snapshots.at(-1)) };
}

export interface Progress {
  /** Shows how far the store is; `unixSeconds` on the recording's clock. */
  update(unixSeconds: number): void;
  /** Writes a line that stays, above the bar. */
  say(line: string): void;
  stop(): void;
}

/** On a terminal a bar; else only the lines. */
export function startProgress(span: { first: number; last: number }, output: NodeJS.WriteStream): Progress {
  const total = Math.round(span.last - span.first);
  if (!output.isTTY) {
    return { update: () => undefined, say: (line) => output.write(`${line}\n`), stop: () => undefined };
  }
  const bar = new SingleBar({
    format: 'replaying [{bar}] {value}/{total} s of the recording',
    barsize: 40,
    hideCursor: true,
    stream: output,
  });
  bar.start(total, 0);
  return {
    update: (unixSeconds) => {
      bar.update(Math.min(total, Math.max(0, Math.round(unixSeconds - span.first))));
    },
    say: (line) => {
      output.write(`\r\u001b[K${line}\n`);
      bar.render();
    },
    stop: () => {
      bar.stop();
    },
  };
}
