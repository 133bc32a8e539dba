/** `tcewatch-agent top`: the VMs of this host by mode, live. */
import { Command, Option } from 'commander';
import { AgentError } from '../errors.js';
import type { Source } from '../model.js';
import { createReadOnlyHist } from '../sources/hist/read-only.js';
import type { SourceContext } from '../sources/entry.js';
import { createReplay } from '../sources/replay/source.js';
import { NO_RATES, updateRates } from '../top/rates.js';
import { SORTS, renderTable } from '../top/table.js';
import type { Sort } from '../top/table.js';
import { watch } from '../top/watch.js';
import { milliseconds, positive } from './numbers.js';
import { openScreen } from '../terminal/screen.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
Keys: u by calls in userspace, c by all calls, n by name, q to quit.

Where an agent runs, its histograms are read and nothing is changed; else a pair of histograms counts until the end.

Examples:
  $ tcewatch-agent top
      a table every two seconds
  $ tcewatch-agent top --count 2 --interval 10s | tail -n +2
      two tables as plain lines, for programs and logs
  $ tcewatch-agent top --replay recordings/vfio-7.2 --speed 20
      shows a recording
`;

interface Options {
  root: string;
  interval: number;
  count: number;
  sort: Sort;
  replay?: string;
  speed: number;
}

const KEYS: ReadonlyMap<string, Sort> = new Map([
  ['u', 'userspace'],
  ['c', 'calls'],
  ['n', 'name'],
]);
const CTRL_C = '\u0003';
/** Cells of a sparkline: one for each reading of a minute at the usual interval. */
const SPARKS = 30;
/** Entries of the histograms that count where no agent does. */
const HISTOGRAM_SIZE = 4096;

export function topCommand(surroundings: Surroundings): Command {
  return new Command('top')
    .description('show the VMs of this host by the mode that completes their hypercalls, live')
    .option('--interval <duration>', 'time between readings', milliseconds, 2000)
    .option('--count <number>', 'how many tables to show; until q or Ctrl-C when it is not given', positive, Infinity)
    .addOption(new Option('--sort <order>', 'order of the VMs').choices(SORTS).default('userspace'))
    .option('--root <directory>', 'everything that is read of the host lies below it', '/')
    .option('--replay <directory>', 'show a recording instead of this host')
    .option('--speed <number>', 'how many times as fast as it was recorded', positive, 1)
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => top(options, surroundings));
}

async function top(options: Options, { pace, version, stop, stdout, stdin }: Surroundings): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([stop, ended.signal]);
  const { replay, interval, count } = options;
  let state = NO_RATES;
  let { sort } = options;
  const screen = openScreen(stdout, stdin, (key) => {
    if (key === 'q' || key === CTRL_C) ended.abort();
    sort = KEYS.get(key) ?? sort;
    screen.show(renderTable(state, { sort, sparks: SPARKS }));
  });
  try {
    const source = sourceOf(options, { pace, version });
    let shown = 0;
    for await (const seen of watch(source, { pace, signal, ...(replay === undefined && { intervalMs: interval }) })) {
      state = seen instanceof AgentError ? { ...state, problems: [seen.message] } : updateRates(state, seen);
      screen.show(renderTable(state, { sort, sparks: SPARKS }));
      if (++shown >= count) break;
    }
  } finally {
    screen.close();
  }
}

function sourceOf({ root, replay, speed }: Options, { pace, version }: Pick<Surroundings, 'pace' | 'version'>): Source {
  const context: SourceContext = {
    root,
    host: {},
    agentVersion: version,
    pace,
    now: () => BigInt(Date.now()) * 1_000_000n,
  };
  return replay === undefined
    ? createReadOnlyHist(
        { ...context, hist: { size: HISTOGRAM_SIZE, detail: false } },
        { command: 'top', pid: process.pid },
      )
    : createReplay({ ...context, replay: { directory: replay, source: 'hist', speed } });
}
