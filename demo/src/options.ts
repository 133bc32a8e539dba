/** What the demo can be asked for. */
import { Command, InvalidArgumentError, Option } from 'commander';

/** The recordings that have a history to replay. */
const RECORDINGS = ['vfio-7.2', 'fallback-6.1'] as const;

export interface DemoOptions {
  recording: (typeof RECORDINGS)[number];
  /** How many times as fast as it was recorded. */
  speed: number;
  /** One JSON object on standard output instead of tables. */
  json: boolean;
  /** Leave the collector running at the end, to look around. */
  keepRunning: boolean;
}

/** Reads the command line; prints help or an error and ends the process where that is all there is to do. */
export function parseOptions(argv: readonly string[]): DemoOptions {
  const command = new Command('npm run demo --')
    .description(
      'Replays a recording of a real POWER host through the real agent, HTTP on loopback, the real collector and the\n' +
        'embedded ClickHouse, and shows what an operator would have seen.',
    )
    .addOption(
      new Option('--recording <name>', 'vfio-7.2: a running VM loses acceleration; fallback-6.1: one that never had it')
        .choices(RECORDINGS)
        .default('vfio-7.2'),
    )
    .option('--speed <factor>', 'how many times as fast as it was recorded', positive, 60)
    .option('--json', 'one JSON object on standard output, nothing else', false)
    .option('--keep-running', 'leave the collector running at the end; Ctrl-C ends it', false);
  return command.parse(argv).opts<DemoOptions>();
}

function positive(text: string): number {
  const factor = Number(text);
  if (!(factor > 0) || !Number.isFinite(factor))
    throw new InvalidArgumentError('give a number above 0, for instance 60.');
  return factor;
}
