/** A logger whose lines a test can read. */
import { Writable } from 'node:stream';
import { createLog } from '@tcewatch/common';
import type { LogLevel } from '@tcewatch/common';
import type { Logger } from 'pino';

export interface LogLine extends Record<string, unknown> {
  level: string;
  msg: string;
}

export interface CollectedLog {
  log: Logger;
  /** Makes one that writes to the same lines. */
  createLog: (options: { level: LogLevel }) => Logger;
  lines: LogLine[];
  firstLine: Promise<LogLine>;
}

export function collectLog(): CollectedLog {
  const lines: LogLine[] = [];
  let first: (line: LogLine) => void;
  const firstLine = new Promise<LogLine>((resolve) => (first = resolve));
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const line = JSON.parse(chunk.toString()) as LogLine;
      lines.push(line);
      first(line);
      done();
    },
  });
  const create = (options: { level: LogLevel }) => createLog(options, stream);
  return { log: create({ level: 'trace' }), createLog: create, lines, firstLine };
}
