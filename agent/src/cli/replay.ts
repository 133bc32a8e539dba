/** `tcewatch-agent replay`: runs a recording through the agent and says what it counted. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { startTelemetry } from '@tcewatch/opentelemetry';
import { Command, InvalidArgumentError } from 'commander';
import type { Batch } from '@tcewatch/protocol';
import { CONFIG_ROWS, loadAgentConfig, ENV_PREFIX } from '../config/schema.js';
import type { AgentConfig } from '../config/schema.js';
import { createAgent } from '../agent.js';
import { figuresByName, isBalanced, computeTotals } from '../figures/totals.js';
import type { Totals } from '../figures/totals.js';
import type { OutboxStats } from '../outbox/outbox.js';
import { showProgress } from '../terminal/progress.js';
import { report } from './report.js';
import type { Surroundings } from './surroundings.js';

/** The parts of a recording that can be replayed. */
const RECORDED = ['hist', 'ring'];

/** The settings that a replay has; those of a live host mean nothing to it. */
const ROWS = CONFIG_ROWS.filter(
  ({ path }) =>
    !/^(root|source|hist|replay|listen|state|stopTimeout|outbox\.(enabled|directory|catchUp))(\.|$)/.test(path),
);

const EXAMPLES = `
Examples:
  $ tcewatch-agent replay recordings/vfio-7.2
      counts a recording and prints the hypercalls of each VM by mode
  $ tcewatch-agent replay recordings/vfio-7.2 --json | jq '.totals[] | select(.mode == "userspace")'
      the same for programs
  $ tcewatch-agent replay recordings/vfio-7.2 --speed 60 --collector-url http://127.0.0.1:8080
      plays it to a collector, 60 times as fast as it was recorded
`;

interface Options {
  json?: true;
  speed: string;
  source: string;
}

export function replayCommand(surroundings: Surroundings): Command {
  const command = new Command('replay')
    .description('count a recording of a host, deliver it to a collector if one is given, and print the totals')
    .argument('<directory>', 'the recording: holds hist/, root-NAME/ and final/')
    .option('--speed <number>', 'how many times as fast as it was recorded; 0 is as fast as possible', '0')
    .option('--source <name>', `what of the recording is read: ${RECORDED.join(', ')}`, recorded, 'hist')
    .option('--json', 'print one JSON object instead of a table')
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, { json, speed, source }: Options) => {
      const replay = { 'replay.directory': directory, 'replay.source': source, 'replay.speed': speed };
      const { file, flags } = givenSettings(command, ROWS);
      const given = { file, flags: { ...flags, source: 'replay', ...replay } };
      await replayRecording(loadAgentConfig(surroundings.env, given), json === true, surroundings);
    });
  return addConfigOptions(command, ROWS, ENV_PREFIX);
}

async function replayRecording(config: AgentConfig, json: boolean, surroundings: Surroundings): Promise<void> {
  const { createLog, env, pace, version, stop, stdout, stderr } = surroundings;
  const log = createLog(config.log);
  const telemetry = await startTelemetry({ env, service: 'tcewatch-agent', version, log });
  const lastOfEpoch = new Map<string, Batch>();
  const progress = showProgress(stderr);
  const { loop, outbox } = createAgent({
    config,
    version,
    pace,
    log,
    telemetry,
    onBatch: (batch) => lastOfEpoch.set(batch.epoch, batch),
    onProgress: progress.update,
  });
  try {
    await loop.run(stop);
    // It is over when it is stopped, too.
    await outbox.drain(stop).catch(() => undefined);
  } finally {
    progress.clear();
    await outbox.close();
    await telemetry.shutdown();
  }
  const batches = [...lastOfEpoch.values()];
  const totals = computeTotals(batches);
  stdout.write(json ? `${JSON.stringify(totals)}\n` : report(figuresByName(batches), totals));
  const failure = stop.aborted
    ? 'stopped before the end of the recording'
    : (countingFailure(loop.status.readings, totals) ?? deliveryFailure(outbox.stats));
  if (failure !== undefined) throw new CommandError(failure);
}

function countingFailure(readings: number, totals: Totals): string | undefined {
  if (readings === 0) return 'the recording holds no reading that could be had; the log says why';
  if (isBalanced(totals) && isBalanced(totals.punted)) return undefined;
  return 'what the kernel saw is not what was counted and lost: the recording contradicts itself';
}

function deliveryFailure(stats: Readonly<OutboxStats> | undefined): string | undefined {
  const refused = [...(stats?.rejected.values() ?? [])].reduce((a, b) => a + b, 0);
  return refused > 0 ? `the collector refused ${refused} readings; the log says why` : undefined;
}

function recorded(name: string): string {
  if (RECORDED.includes(name)) return name;
  throw new InvalidArgumentError(`it is not available; available: ${RECORDED.join(', ')}`);
}
