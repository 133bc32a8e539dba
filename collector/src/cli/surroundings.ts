/** All that the commands take from outside, so that tests can give it. */
import type { ProgramSurroundings } from '@tcewatch/common';
import type { Logger } from 'pino';
import type { CollectorConfig } from '../config/index.js';

export interface Surroundings extends ProgramSurroundings {
  createLog: (options: CollectorConfig['log']) => Logger;
}

/** Resolves when the program is asked to stop. */
export function stopped(stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => {
      resolve();
    });
  });
}
