/** The sources by name. Adding one is adding a file and a line here. */
import { SourceError } from '../model.js';
import type { Source } from '../model.js';
import { createGuest } from './guest/source.js';
import { createHist } from './hist/source.js';
import type { SourceOptions } from './options.js';
import { createReplay } from './replay/source.js';
import { createUserspaceExit } from './userspace-exit.js';

export interface SourceEntry {
  /** One line for `--help`. */
  describe: string;
  create(options: SourceOptions): Source;
}

export const SOURCES: ReadonlyMap<string, SourceEntry> = new Map([
  ['hist', { describe: 'two histograms that the kernel keeps', create: (options) => createHist(options) }],
  [
    'userspace-exit',
    {
      describe: 'an upper bound of what goes to userspace, for KVM PR',
      create: (options) => createUserspaceExit(options),
    },
  ],
  ['guest', { describe: 'what this machine issues itself, as a guest', create: (options) => createGuest(options) }],
  ['replay', { describe: 'a recording of a host', create: createReplay }],
]);

/** Throws SourceError `source-unknown`, with the sources that there are. */
export function createSource(name: string, options: SourceOptions): Source {
  const entry = SOURCES.get(name);
  if (entry) return entry.create(options);
  const known = [...SOURCES.keys()].join(', ');
  throw new SourceError('source-unknown', `the source ${JSON.stringify(name)} is not available; there are: ${known}`);
}
