/** What the lab can be asked for, and what it needs of the machine that it runs on. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { SUITES } from './image.js';
import type { Suite } from './image.js';
import { SCENARIOS } from './scenario.js';
import type { ScenarioName } from './scenario.js';

export interface LabOptions {
  command: 'run' | 'build';
  suite: Suite;
  scenario: ScenarioName;
  shell: boolean;
  keep: boolean;
  /** Whether the agent pairs calls in the kernel. */
  detail: boolean;
}

type Flags = Omit<LabOptions, 'command'> & { smoke: boolean };

const SCENARIO_NAMES = Object.keys(SCENARIOS);

const EXAMPLES = `
Exit code: 0 all figures are equal, 1 some are not, 2 the lab could not come to a verdict.

Examples:
  $ npm run lab
      three guests, one of them loses acceleration while it runs; about 8 minutes on two idle cores
  $ npm run lab -- --smoke
      one guest that never had acceleration; about 3 minutes
  $ npm run lab -- --scenario adverse
      missing privileges, strangers, a module reload, a hostile guest; 25 minutes on a busy machine
  $ npm run lab -- --scenario image
      the agent as its image, in a container with what the chart grants; about 10 minutes
  $ npm run lab -- --shell
      as the first, but stops under load for a look around
  $ npm run lab -- build --suite sid
      builds the image with the newest kernel anew, and nothing else
`;

/** Reads the command line; prints help or an error and ends the process where that is all there is to do. */
export function parseOptions(argv: readonly string[]): LabOptions {
  let command: LabOptions['command'] = 'run';
  const suites =
    "whose newest kernel that the mirror has host and guests run, of Debian's; bookworm's cannot pass devices";
  const program = new Command('npm run lab --')
    .configureHelp({ showGlobalOptions: true })
    .description(
      'Runs the agent on a real ppc64le KVM host under QEMU against a collector on this machine, kills it, and compares\n' +
        'what is in ClickHouse with an independent count on the host and with what the guests themselves counted.',
    )
    .addOption(new Option('--suite <name>', suites).choices(SUITES).default('any'))
    .addOption(new Option('--scenario <name>', 'what happens').choices(SCENARIO_NAMES).default('full'))
    .option('--smoke', 'the same as --scenario smoke', false)
    .option('--shell', 'stop under load and give a prompt: a line runs on the host, `NAME: line` in a guest', false)
    .option('--detail', 'the agent pairs calls in the kernel: what that tells is shown', false)
    .option('--keep', 'keep all files of the run; they are kept in any case when something is wrong', false)
    .addHelpText('after', EXAMPLES)
    .action(() => undefined);
  // Options are the program's, wherever they stand.
  program
    .command('build')
    .description('build the image, also when there is one')
    .action(() => {
      command = 'build';
    });
  program.parse(argv);
  const { smoke, ...flags } = program.opts<Flags>();
  return { ...flags, ...(smoke && { scenario: 'smoke' }), command };
}

/** Says why the lab cannot run here, in words; undefined when it can. */
export function whyNotHere(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'it needs Linux on x86_64';
  if (!existsSync('/etc/debian_version')) return 'it needs Debian: host and guests are made of its packages';
  if (process.getuid?.() !== 0) return 'it needs root, to install packages and to build the image of the host';
  return undefined;
}
