/** QEMU's machine protocol: commands as JSON lines; its events are not of interest here. */
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { LabError } from './errors.js';
import { linesOf } from './lines.js';

const answerSchema = z.union([z.object({ return: z.unknown() }), z.object({ error: z.object({ desc: z.string() }) })]);

export interface Qmp {
  /** Resolves to the command's return value; rejects with LabError in QEMU's words. One command at a time. */
  execute(command: string, parameters?: Record<string, unknown>): Promise<unknown>;
}

export async function openQmp(name: string, stream: Duplex): Promise<Qmp> {
  const nextLine = linesOf(`QEMU of ${name}`, stream);

  async function execute(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    stream.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    for (;;) {
      const answer = answerSchema.safeParse(JSON.parse(await nextLine()));
      if (!answer.success) continue;
      if ('error' in answer.data) throw new LabError(`QEMU of ${name} refuses ${command}: ${answer.data.error.desc}`);
      return answer.data.return;
    }
  }

  await nextLine(); // the greeting
  await execute('qmp_capabilities');
  return { execute };
}
