/** All that the commands take from outside, so that tests can give it. */
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
  /** What `run` reads instead of the configured source, for tests that know what there is to count. */
  source?: Source;
}
