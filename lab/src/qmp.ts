/** QEMU's machine protocol: commands as JSON lines; its events are not of interest here. */
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { LabError } from './errors.js';

const answerSchema = z.union([z.object({ return: z.unknown() }), z.object({ error: z.object({ desc: z.string() }) })]);

export interface Qmp {
  /** Resolves to the command's return value; rejects with LabError in QEMU's words. One command at a time. */
  execute(command: string, parameters?: Record<string, unknown>): Promise<unknown>;
}

export async function openQmp(name: string, stream: Duplex): Promise<Qmp> {
  const lines = createInterface({ input: stream })[Symbol.asyncIterator]();
  stream.on('error', () => undefined); // readline ends as well, and that is reported

  async function next(): Promise<unknown> {
    const { value, done } = await lines.next();
    if (done === true) throw new LabError(`QEMU of ${name} is gone`);
    return JSON.parse(value);
  }

  async function execute(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    stream.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    for (;;) {
      const answer = answerSchema.safeParse(await next());
      if (!answer.success) continue;
      if ('error' in answer.data) throw new LabError(`QEMU of ${name} refuses ${command}: ${answer.data.error.desc}`);
      return answer.data.return;
    }
  }

  await next(); // the greeting
  await execute('qmp_capabilities');
  return { execute };
}
