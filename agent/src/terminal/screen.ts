/**
 * A terminal that shows one table at a time and reports keys; where there is none, tables follow each other as lines.
 */

export interface ScreenOutput {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
  write(text: string): unknown;
}

/** The part of standard input that is needed. */
export interface Keyboard {
  isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
  on(event: 'data', listener: (data: Buffer | string) => void): unknown;
  off(event: 'data', listener: (data: Buffer | string) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface Screen {
  show: (lines: readonly string[]) => void;
  close: () => void;
}

/** Sequences for the alternate screen without a cursor, and back (ECMA-48, and xterm's private modes 1049 and 25). */
const ENTER = '\u001b[?1049h\u001b[?25l';
const LEAVE = '\u001b[?25h\u001b[?1049l';
const HOME = '\u001b[H';
const CLEAR_LINE_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

/** Opens the screen. `onKey` is called with each key; never where input and output are no terminals. */
export function openScreen(output: ScreenOutput, keyboard: Keyboard, onKey: (key: string) => void): Screen {
  if (output.isTTY !== true) {
    return { show: (lines) => output.write(`${lines.join('\n')}\n\n`), close: () => undefined };
  }
  const listener = (data: Buffer | string) => {
    for (const key of data.toString()) onKey(key);
  };
  output.write(ENTER);
  if (keyboard.isTTY === true) {
    keyboard.setRawMode?.(true);
    keyboard.on('data', listener);
    keyboard.resume();
  }
  return {
    show: (lines) => {
      const { columns = 80, rows = 24 } = output;
      const fitting = lines.slice(0, rows - 1).map((line) => `${line.slice(0, columns)}${CLEAR_LINE_END}\r\n`);
      output.write(`${HOME}${fitting.join('')}${CLEAR_BELOW}`);
    },
    close: () => {
      output.write(LEAVE);
      if (keyboard.isTTY !== true) return;
      keyboard.off('data', listener);
      keyboard.setRawMode?.(false);
      keyboard.pause();
    },
  };
}
