/** `tcewatch-agent verify`: counts this host's calls by histogram and by ring at once, and says whether they agree. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { Command, InvalidArgumentError } from 'commander';
import { CONFIG_ROWS, loadAgentConfig, ENV_PREFIX } from '../config/schema.js';
import type { AgentConfig } from '../config/schema.js';
import { verifyReport } from '../verify/report.js';
import { openHist, openRing, verify } from '../verify/verify.js';
import type { Counter } from '../verify/verify.js';
import { showProgress } from '../terminal/progress.js';
import type { Surroundings } from './surroundings.js';

const ROWS = CONFIG_ROWS.filter(({ path }) => /^(root|hist)(\.|$)/.test(path));

const EXAMPLES = `
Exit status: 0 they agree, 1 they do not, or nothing could be compared.

Examples:
  $ tcewatch-agent verify
      ten seconds
  $ tcewatch-agent verify --seconds 60 --ring-kb-per-cpu 8192
      a minute, with larger buffers for a busy host
`;

interface Options {
  seconds: number;
  ringKbPerCpu: number;
}

export function verifyCommand(surroundings: Surroundings): Command {
  const command = new Command('verify')
    .description('count the same calls by histogram and by ring on this host, and say whether they agree to the call')
    .option('--seconds <number>', 'how long', seconds, 10)
    .option(
      '--ring-kb-per-cpu <number>',
      "KiB of each CPU's two ring buffers; what does not fit is lost",
      kilobytes,
      1024,
    )
    .addHelpText('after', EXAMPLES)
    .action(async (options: Options) => {
      await verifyHost(loadAgentConfig(surroundings.env, givenSettings(command, ROWS)), options, surroundings);
    });
  return addConfigOptions(command, ROWS, ENV_PREFIX);
}

async function verifyHost(
  config: AgentConfig,
  { seconds, ringKbPerCpu }: Options,
  surroundings: Surroundings,
): Promise<void> {
  const { pace, stop, stdout, stderr } = surroundings;
  const { root, hist } = config;
  const progress = showProgress(stderr, 'seconds');
  const opened: Counter[] = [];
  try {
    const byHist = await openHist(root, process.pid, hist.size);
    opened.push(byHist);
    const monotonicNs = () => Number(process.hrtime.bigint());
    const byRing = await openRing(root, process.pid, { kbPerCpu: ringKbPerCpu, pace, monotonicNs });
    opened.push(byRing);
    const onProgress = (done: number) => {
      progress.update(Math.floor(done), seconds);
    };
    const { text, failure } = verifyReport(await verify(byHist, byRing, { seconds, pace, stop, onProgress }));
    progress.clear();
    stdout.write(text);
    if (failure !== undefined) throw new CommandError(failure);
  } finally {
    progress.clear();
    for (const counter of opened) for (const problem of await counter.close()) stderr.write(`${problem}\n`);
  }
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError('give a number of seconds up to 86400');
}

function kilobytes(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 8 && value <= 1_048_576) return value;
  throw new InvalidArgumentError('give a whole number of KiB from 8 to 1048576');
}
