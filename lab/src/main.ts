/** `npm run lab`: the pipeline on a real ppc64le KVM host, and the verdict on its figures as exit code. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installAgent } from './agent.js';
import { startCollector } from './collector.js';
import { compare, isRight } from './compare.js';
import { packImage } from './container.js';
import { detailOf } from './detail.js';
import { BootTimeout, LabError } from './errors.js';
import { bootHost, preparePassthrough } from './host.js';
import { cacheDirectory, installTools, provideImage } from './image.js';
import type { Image } from './image.js';
import { parseOptions, whyNotHere } from './options.js';
import type { LabOptions } from './options.js';
import { SCENARIOS } from './scenario.js';
import { prompt, report } from './terminal.js';
import { finishTracing, startTracing } from './tracing.js';
import { packTree } from './tree.js';

const began = Date.now();

function say(step: string): void {
  const seconds = Math.round((Date.now() - began) / 1000);
  const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  console.log(`${clock.padStart(6)}  ${step}`);
}

/** One run on a freshly booted host; resolves to whether all figures are right. */
async function attempt(image: Image, options: LabOptions, directory: string): Promise<boolean> {
  await mkdir(directory);
  if (options.scenario === 'image') say('builds the image of the agent for ppc64le');
  const agentPackage = await (options.scenario === 'image' ? packImage : packTree)(directory);
  say(`boots the host, Linux ${image.kernel}`);
  const host = await bootHost(image, directory, agentPackage.disk);
  try {
    await host.run('modprobe kvm-hv');
    if (options.scenario === 'full') await preparePassthrough(host);
    await startTracing(host);
    say('starts the collector here and the agent on the host');
    const collector = await startCollector(directory);
    try {
      const agent = await installAgent(host, collector, agentPackage, options.detail);
      await agent.start();
      const faults: string[] = [];
      const isWrong = (fault: string): number => faults.push(fault);
      const scenario = SCENARIOS[options.scenario];
      const guests = await scenario({ host, agent, say, isWrong }, async (running) => {
        if (!options.shell) return;
        console.log(`The collector answers at ${collector.url}/v1/vms; files are in ${directory}. Ctrl-D goes on.`);
        await prompt(host, running);
      });
      say('waits for the last reading, and counts');
      await agent.delivers();
      const stored = await collector.stored();
      const { rows, faults: more } = compare(guests, await finishTracing(host), stored);
      const detail = options.detail ? await detailOf(collector.url, stored) : { lines: [], faults: [] };
      for (const line of detail.lines) console.log(line);
      const comparison = { rows, faults: [...faults, ...more, ...detail.faults] };
      console.log(report(comparison, stored.alerts));
      return isRight(comparison);
    } finally {
      await collector.stop();
    }
  } finally {
    await host.stop();
  }
}

/** Makes one attempt, and one more when the host or a guest does not come up in time. */
async function run(image: Image, options: LabOptions): Promise<boolean> {
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-lab-'));
  let right = false;
  try {
    right = await attempt(image, options, join(directory, '1')).catch((error: unknown) => {
      if (!(error instanceof BootTimeout)) throw error;
      say(`${error.message}: once more`);
      return attempt(image, options, join(directory, '2'));
    });
  } finally {
    if (right && !options.keep) await rm(directory, { recursive: true });
    else console.log(`The files of this run are in ${directory}.`);
  }
  return right;
}

try {
  const options = parseOptions(process.argv);
  const reason = whyNotHere();
  if (reason !== undefined) throw new LabError(`the lab cannot run here: ${reason}`);
  if (options.suite === 'bookworm' && options.scenario === 'full') {
    throw new LabError("bookworm's kernel cannot pass devices to guests: add --smoke, or take another suite");
  }
  say(`provides the image of host and guests (${options.suite}); to build one takes about two minutes`);
  const cache = cacheDirectory(process.env);
  await installTools(cache);
  const image = await provideImage(options.suite, cache, options.command === 'build');
  for (const line of image.chosen) say(line);
  if (options.command === 'build') say(`is built: ${image.directory}`);
  else if (!(await run(image, options))) process.exitCode = 1;
} catch (error) {
  console.error(`lab: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
