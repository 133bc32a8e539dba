/** Everything that the commands take from outside, so that tests can replace it. */
import type { LogLevel, ProgramSurroundings } from '@tcewatch/common';
import type { Logger } from 'pino';
import type { Source } from '../model.js';
import type { Pace } from '../clock.js';
import type { ProgressStream } from '../terminal/progress.js';
import type { Keyboard, ScreenOutput } from '../terminal/screen.js';

export interface Surroundings extends ProgramSurroundings {
  stdout: ScreenOutput;
  stdin: Keyboard;
  stderr: ProgressStream;
  pace: Pace;
  createLog: (options: { level: LogLevel }) => Logger;
  /** A source for `run` in place of the configured one, for tests that know what there is to count. */
  source?: Source;
}
