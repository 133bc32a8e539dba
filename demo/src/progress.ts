/** A progress bar over the recording's own time, fed by what the store has; silent where nobody looks. */
import type { Clock } from '@tcewatch/protocol';
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Shows how far the store is; `unixSeconds` on the recording's clock. */
  update(unixSeconds: number): void;
  /** Writes a line that stays, above the bar. */
  say(line: string): void;
  stop(): void;
}

/** Shows a bar on a terminal, else only the lines. */
export function startProgress({ first, last }: { first: Clock; last: Clock }, output: NodeJS.WriteStream): Progress {
  const [began, ended] = [Number(first.wallNs) / 1e9, Number(last.wallNs) / 1e9];
  const total = Math.round(ended - began);
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
      bar.update(Math.min(total, Math.max(0, Math.round(unixSeconds - began))));
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
