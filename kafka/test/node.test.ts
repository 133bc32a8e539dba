/** The client as Node itself loads it: these tests otherwise import through Vite, which forgives more. */
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const CLIENT = pathToFileURL(join(import.meta.dirname, '../dist/kafkajs/client.js')).href;

it('is loaded by Node, which knows few names of a CommonJS module', async () => {
  const program = `console.log(Object.keys(await import(${JSON.stringify(CLIENT)})).join())`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program]);
  expect(stdout.trim()).toBe('KafkajsClient');
});
