/** The pipeline under failures, as a user would start it: short, with a seed that is known to disturb all parts. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { whyNotHere } from '../src/options.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** It takes less than three minutes where nothing else runs; its own limits on each wait say more when they are met. */
const QUARTER_OF_AN_HOUR_MS = 900_000;
/** What cannot be had here is no reason to leave it out where all changes are tested. */
const reason = process.env['CI'] === 'true' ? undefined : whyNotHere();

it.skipIf(reason !== undefined)(
  `loses and doubles no call while all parts fail${reason === undefined ? '' : ` (left out: ${reason})`}`,
  async () => {
    const child = spawn(process.execPath, [MAIN, '--minutes', '2', '--brokers', '1', '--seed', '1'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(said).toContain('All is as it must be.');
    expect(code, said).toBe(0);
  },
  QUARTER_OF_AN_HOUR_MS,
);
