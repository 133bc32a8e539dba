/** A line on standard error that says how far a command is; nothing where that is no terminal. */

/** The part of a terminal that is needed. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

const BAR_LENGTH = 40;
const CLEAR_LINE = '\r\u001b[K';

export interface Progress {
  /** Shows progress; `total` is Infinity where nobody knows it. */
  update: (done: number, total: number) => void;
  clear: () => void;
}

export function showProgress(stream: ProgressStream, unit = 'readings'): Progress {
  if (stream.isTTY !== true) return { update: () => undefined, clear: () => undefined };
  return {
    update: (done, total) => {
      if (total === Infinity) {
        stream.write(`${CLEAR_LINE}${done} readings`);
        return;
      }
      const filled = total === 0 ? 0 : Math.round((BAR_LENGTH * done) / total);
      const bar = '#'.repeat(filled).padEnd(BAR_LENGTH, '.');
      stream.write(`${CLEAR_LINE}[${bar}] ${done}/${total} ${unit}`);
    },
    clear: () => {
      stream.write(CLEAR_LINE);
    },
  };
}
