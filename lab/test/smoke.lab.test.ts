/** The pipeline on a real ppc64le KVM host under QEMU: the shortest run of the lab, as a user would start it. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { whyNotHere } from '../src/options.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const HALF_AN_HOUR_MS = 1_800_000;
const reason = whyNotHere();

it.skipIf(reason !== undefined)(
  `counts a refused guest to the call, through a kill -9 of the agent${reason === undefined ? '' : ` (left out: ${reason})`}`,
  async () => {
    const child = spawn(process.execPath, [MAIN, '--smoke'], { stdio: ['ignore', 'pipe', 'pipe'] });
    onTestFinished(() => {
      child.kill();
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(said).toContain('All figures are equal to the call.');
    expect(code, said).toBe(0);
  },
  HALF_AN_HOUR_MS,
);
