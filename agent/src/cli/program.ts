/** The program's commands. */
import { checkConfigCommand, runProgram } from '@tcewatch/common';
import type { Program } from '@tcewatch/common';
import { loadAgentConfig, ENV_PREFIX } from '../config/schema.js';
import { AgentError } from '../errors.js';
import { doctorCommand } from './doctor.js';
import { recordCommand } from './record.js';
import { replayCommand } from './replay.js';
import { runCommand } from './run.js';
import type { Surroundings } from './surroundings.js';
import { topCommand } from './top.js';
import { verifyCommand } from './verify.js';

const NAME = 'tcewatch-agent';

const PROGRAM: Program<Surroundings> = {
  name: NAME,
  description: 'Counts the TCE hypercalls of the KVM guests of a POWER host by the mode that completed them.',
  commands: [
    runCommand,
    replayCommand,
    topCommand,
    recordCommand,
    verifyCommand,
    doctorCommand,
    checkConfigCommand({
      program: NAME,
      file: '/etc/tcewatch/agent.yaml',
      prefix: ENV_PREFIX,
      load: loadAgentConfig,
    }),
  ],
  foreseen: [AgentError],
};

/** Runs the command line and resolves to the exit status; `args` are those after the program's name. */
export function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  return runProgram(PROGRAM, args, surroundings);
}
