/** `tcewatch-agent doctor`: says what can be observed on this host, what is in the way, and what to do about it. */
import { CommandError } from '@tcewatch/common';
import { Command } from 'commander';
import { diagnose } from '../doctor/diagnose.js';
import { inspect } from '../doctor/inspect.js';
import { doctorReport } from '../doctor/report.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
Exit status: 0 all can be observed, 1 something is in the way, 2 nothing can be observed here.

Examples:
  $ tcewatch-agent doctor
      one screen for people
  $ tcewatch-agent doctor --json | jq '.findings[] | select(.verdict == "missing") | .fix'
      what to do, for programs
  $ tcewatch-agent doctor --root recordings/vfio-7.2/root-hot-plugged
      looks at a recorded host
`;

export function doctorCommand({ stdout }: Surroundings): Command {
  return new Command('doctor')
    .description('say what can be observed on this host, what is in the way, and what to do about it')
    .option('--root <directory>', 'everything that is read of the host lies below it', '/')
    .option('--json', 'print one JSON object instead of a screen')
    .addHelpText('after', EXAMPLES)
    .action(async ({ root, json }: { root: string; json?: true }) => {
      const diagnosis = diagnose(await inspect(root));
      stdout.write(json ? `${JSON.stringify(diagnosis)}\n` : doctorReport(diagnosis));
      if (diagnosis.observable === 'partly') throw new CommandError('something is in the way; see above');
      if (diagnosis.observable === 'nothing')
        throw new CommandError('nothing can be observed here; see above', { status: 2 });
    });
}
