/** `tcewatch-agent record`: writes what `replay` reads. */
import { CommandError } from '@tcewatch/common';
import { Command } from 'commander';
import { record } from '../record/record.js';
import { milliseconds, positive, powerOfTwo } from './numbers.js';
import { showProgress } from '../terminal/progress.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
What is recorded: the two histograms, and what the agent reads of /proc and debugfs for each VM. Of QEMU's arguments only
-name, -uuid and -machine are copied, and of its descriptors only those of KVM and VFIO. A histogram of its own counts
meanwhile, beside that of a running agent, and is removed at the end.

Examples:
  $ tcewatch-agent record /var/tmp/slow-disk --seconds 300
      records five minutes
  $ tcewatch-agent record /var/tmp/slow-disk --interval 500ms
      records until Ctrl-C, twice a second
  $ tcewatch-agent replay /var/tmp/slow-disk
      counts what was recorded, anywhere
`;

interface Options {
  root: string;
  seconds?: number;
  interval: number;
  size: number;
}

export function recordCommand(surroundings: Surroundings): Command {
  return new Command('record')
    .description('record this host for `replay`')
    .argument('<directory>', 'where the recording goes; empty, or not there yet')
    .option('--seconds <number>', 'how long; until Ctrl-C when it is not given', positive)
    .option('--interval <duration>', 'time between snapshots', milliseconds, 2000)
    .option('--size <number>', 'entries of each histogram: a power of two from 128 to 131072', powerOfTwo, 4096)
    .option('--root <directory>', 'everything that is read of the host lies below it', '/')
    .addHelpText('after', EXAMPLES)
    .action((directory: string, options: Options) => recordHost(directory, options, surroundings));
}

async function recordHost(directory: string, options: Options, { pace, stop, stdout, stderr }: Surroundings) {
  const { root, seconds, interval: intervalMs, size } = options;
  const snapshots = seconds === undefined ? Infinity : Math.floor((seconds * 1000) / intervalMs) + 1;
  const progress = showProgress(stderr);
  if (seconds === undefined) stderr.write('recording until Ctrl-C\n');
  const recorded = await record({
    root,
    directory,
    intervalMs,
    snapshots,
    size,
    pid: process.pid,
    pace,
    now: () => BigInt(Date.now()) * 1_000_000n,
    stop,
    onProgress: ({ snapshots: done, failures }) => {
      progress.update(done + failures.length, snapshots);
    },
  }).finally(progress.clear);
  const { failures, problems, trees } = recorded;
  stdout.write(`${directory}: ${recorded.snapshots} snapshots, ${trees} trees of the host\n`);
  for (const problem of problems) stderr.write(`${problem}\n`);
  const [first] = failures;
  if (first !== undefined) throw new CommandError(`${failures.length} snapshots failed, the first because: ${first}`);
}
