/** The program's commands. */
import { checkConfigCommand, runProgram } from '@tcewatch/common';
import type { Program } from '@tcewatch/common';
import { ENV_PREFIX, loadCollectorConfig } from '../config/index.js';
import { StoreError } from '../model.js';
import { clickhouseCommand } from './clickhouse.js';
import { migrateCommand } from './migrate.js';
import { redriveCommand } from './redrive.js';
import { runCommand } from './run.js';
import type { Surroundings } from './surroundings.js';

const NAME = 'tcewatch-collector';

const PROGRAM: Program<Surroundings> = {
  name: NAME,
  description: 'Stores what agents count of the TCE hypercalls of KVM guests, and tells of fallbacks to userspace.',
  commands: [
    runCommand,
    clickhouseCommand,
    migrateCommand,
    redriveCommand,
    checkConfigCommand({
      program: NAME,
      file: '/etc/tcewatch/collector.yaml',
      prefix: ENV_PREFIX,
      load: loadCollectorConfig,
    }),
  ],
  foreseen: [StoreError],
};

/** Resolves to the exit status; `args` are those after the program's name. */
export function main(args: readonly string[], surroundings: Surroundings): Promise<number> {
  return runProgram(PROGRAM, args, surroundings);
}
