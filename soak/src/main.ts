/** `npm run soak`: the pipeline with Kafka under failures, and the verdict on its figures as exit code. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOptions, whyNotHere } from './options.js';
import { isRight, report } from './report.js';
import { soak } from './soak.js';

const began = Date.now();

function say(line: string): void {
  const seconds = Math.round((Date.now() - began) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  console.log(`${clock.padStart(6)}  ${line}`);
}

try {
  const options = parseOptions(process.argv);
  const reason = whyNotHere();
  if (reason !== undefined) throw new Error(`it cannot run here: ${reason}`);
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-soak-'));
  say(`seed ${options.seed}, ${options.minutes} min, ${options.agents} generated hosts, brokers: ${options.brokers}`);
  let right = false;
  try {
    const result = await soak(options, directory, say);
    right = isRight(result);
    console.log(`\n${report(result)}`);
  } finally {
    if (right && !options.keep) await rm(directory, { recursive: true });
    else console.log(`The files of this run are in ${directory}.`);
  }
  process.exitCode = right ? 0 : 1;
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
