/** A logger whose lines a test can look at. */
import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import { createLog } from '../../src/log/log.js';

export interface LogLine extends Record<string, unknown> {
  level: string;
  msg: string;
}

export function collectLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as LogLine);
      done();
    },
  });
  return { log: createLog({ level: 'trace' }, stream), lines };
}
