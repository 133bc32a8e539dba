/** What a soak can be asked for, and what it needs beyond Node. */
import { randomInt } from 'node:crypto';
import { missingForBroker } from '@tcewatch/testing/kafka';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface SoakOptions {
  /** How long the load and the disturbances last. */
  minutes: number;
  /** Unsigned, 32 bits: repeats load and schedule. */
  seed: number;
  /** Generated hosts, each with an agent. */
  agents: number;
  brokers: 1 | 3;
  /** Whether anything is disturbed. */
  calm: boolean;
  keep: boolean;
}

const LARGEST_SEED = 2 ** 32 - 1;

const EXAMPLES = `
Exit code: 0 all is as it must be, 1 something is not, 2 the soak could not come to a verdict.

Examples:
  $ npm run soak
      five minutes on three brokers
  $ npm run soak -- --minutes 2 --brokers 1 --seed 1
      the run that is part of npm run test:all
  $ npm run soak -- --calm --minutes 1
      the same load, and nothing fails
`;

/** Reads the command line; prints help or an error and ends the process where that is all there is to do. */
export function parseOptions(argv: readonly string[]): SoakOptions {
  const command = new Command('npm run soak --')
    .description(
      'Several agents, real Kafka, two collectors and ClickHouse under a random schedule of kills, outages and duplicates;\n' +
        'at the end every total in ClickHouse is compared with what was generated.',
    )
    .option('--minutes <number>', 'how long load and disturbances last', numberFrom(0.5, 1440), 5)
    .option('--seed <number>', 'repeats the load and the schedule of an earlier run', seed, randomInt(LARGEST_SEED))
    .option('--agents <number>', 'generated hosts, each with an agent of its own', numberFrom(1, 20), 3)
    .addOption(
      new Option('--brokers <number>', 'brokers of Kafka').choices(['1', '3']).default(3, '3').argParser(brokers),
    )
    .option('--calm', 'disturb nothing', false)
    .option('--keep', 'keep all files of the run; they are kept in any case when something is wrong', false)
    .addHelpText('after', EXAMPLES);
  return command.parse(argv).opts<SoakOptions>();
}

function numberFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`give a number from ${least} to ${most}.`);
  };
}

function seed(text: string): number {
  const value = numberFrom(0, LARGEST_SEED)(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('give a whole number.');
}

function brokers(text: string): 1 | 3 {
  if (text === '1') return 1;
  if (text === '3') return 3;
  throw new InvalidArgumentError('give 1 or 3.');
}

/** Says why a soak cannot run here, in words; undefined when it can. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux') return `it needs Linux, and this is ${process.platform}`;
  const missing = missingForBroker();
  return missing.length > 0 ? `${missing.join(', ')} not installed, which Kafka needs` : undefined;
}
