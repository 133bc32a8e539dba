/** What the lab can be asked for. */
import { Command, Option } from 'commander';
import { SUITES } from './image.js';
import type { Suite } from './image.js';

export interface LabOptions {
  command: 'run' | 'build';
  suite: Suite;
  smoke: boolean;
  shell: boolean;
  keep: boolean;
}

type Flags = Omit<LabOptions, 'command'>;

const EXAMPLES = `
Exit code: 0 all figures are equal, 1 some are not, 2 the lab could not come to a verdict.

Examples:
  $ npm run lab
      three guests, one of them loses acceleration while it runs; about 15 minutes
  $ npm run lab -- --smoke
      one guest that never had acceleration; about 5 minutes
  $ npm run lab -- --shell
      as the first, but stops under load for a look around
  $ npm run lab -- build --suite sid
      builds the image with the newest kernel anew, and nothing else
`;

/** Reads the command line; prints help or an error and ends the process where that is all there is to do. */
export function parseOptions(argv: readonly string[]): LabOptions {
  const suite = (): Option =>
    new Option('--suite <name>', "whose newest kernel host and guests run, of Debian's; bookworm's cannot pass devices")
      .choices(SUITES)
      .default('trixie');
  let command: LabOptions['command'] = 'run';
  const program = new Command('npm run lab --')
    .description(
      'Runs the agent on a real ppc64le KVM host under QEMU against a collector on this machine, kills it, and compares\n' +
        'what is in ClickHouse with an independent count on the host and with what the guests themselves counted.',
    )
    .addOption(suite())
    .option('--smoke', 'one guest only, for continuous integration', false)
    .option('--shell', 'stop under load and give a prompt: a line runs on the host, `NAME: line` in a guest', false)
    .option('--keep', 'keep all files of the run; they are kept in any case when something is wrong', false)
    .addHelpText('after', EXAMPLES)
    .action(() => undefined);
  const build = program.command('build').description('build the image, also when there is one').addOption(suite());
  build.action(() => {
    command = 'build';
  });
  program.parse(argv);
  return { ...program.opts<Flags>(), ...build.opts<Partial<Flags>>(), command };
}
