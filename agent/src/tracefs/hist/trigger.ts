/**
 * A hist trigger as the kernel prints it: in the file `trigger`, and after `# trigger info:` in the file `hist`
 * (event_hist_trigger_print in kernel/trace/trace_events_hist.c).
 */

/** One key or value: `req.hex` is `req` with the modifier `hex`. */
export interface HistField {
  name: string;
  modifier: string | undefined;
}

export interface HistTrigger {
  keys: HistField[];
  /** Values; the first is `hitcount`, unless it was asked not to be shown. */
  vals: HistField[];
  /** Entries that the table holds at most. */
  size: number;
  /** Variables and actions, in the kernel's order: `ts0=common_timestamp.usecs`, `onmatch(...).NAME(...)`. */
  others: string[];
  /** Text after ` if `, as it was written. */
  filter: string | undefined;
  state: 'active' | 'paused';
}

/** Attributes that the kernel prints of a trigger besides its variables and actions. */
const ATTRIBUTE = /^(keys|vals|sort|size|clock|name)=/;

/** Parses a trigger. Throws HistError, with the given line, for what is no hist trigger. */
export function parseTrigger(text: string, line?: number): HistTrigger {
  const parts = /^hist:(.*?)(?: if (.*))? \[(active|paused)\]$/.exec(text);
  if (!parts) throw new HistError(line, `expected a hist trigger, found ${JSON.stringify(text.slice(0, 80))}`);
  const [, options = '', filter, state] = parts;
  const keys = option(options, 'keys');
  const vals = option(options, 'vals');
  const size = option(options, 'size');
  if (!keys || !vals || !size || !/^\d{1,9}$/.test(size)) {
    throw new HistError(line, `the hist trigger lacks keys, vals or size: ${JSON.stringify(text.slice(0, 80))}`);
  }
  return {
    keys: keys.split(',').map(field),
    vals: vals.split(',').map(field),
    size: Number(size),
    others: options.split(':').filter((part) => !ATTRIBUTE.test(part)),
    filter,
    state: state === 'active' ? 'active' : 'paused',
  };
}

/** Tells whether two filters are the same but for white space: the kernel prints them as they were written. */
export function sameFilter(a: string, b: string): boolean {
  return a.replace(/\s+/g, '') === b.replace(/\s+/g, '');
}

/** Returns the field as it stands in a trigger. */
export function written({ name, modifier }: HistField): string {
  return modifier === undefined ? name : `${name}.${modifier}`;
}

function option(options: string, name: string): string | undefined {
  const prefix = `${name}=`;
  return options
    .split(':')
    .find((part) => part.startsWith(prefix))
    ?.slice(prefix.length);
}

function field(text: string): HistField {
  const dot = text.indexOf('.');
  return dot < 0 ? { name: text, modifier: undefined } : { name: text.slice(0, dot), modifier: text.slice(dot + 1) };
}

/** Error for a hist file that is not what the kernel prints, or that lacks what is needed. */
export class HistError extends Error {
  override readonly name = 'HistError';

  constructor(
    /** Number of the line, counted from 1; undefined where the error is about the file as a whole. */
    readonly line: number | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(line === undefined ? `hist file: ${problem}` : `hist file, line ${line}: ${problem}`, options);
  }
}
