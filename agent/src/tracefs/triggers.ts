/** Hist triggers that sources count with: the text to write, and whether a trigger file holds it. */
import { HYPERCALLS } from '@tcewatch/protocol';
import { HistError, parseTrigger, sameFilter, written } from './hist/trigger.js';
import type { HistField, HistTrigger } from './hist/trigger.js';

export interface TriggerSpec {
  /** Directory of the event below `events`. */
  system: string;
  event: string;
  /** Keys of the histogram; `lat.log2` is in powers of two. */
  keys: readonly string[];
  /** Sums besides the hitcount. */
  sums: readonly string[];
  /** Variables that another event's trigger can refer to, by the same first key: `ts0=common_timestamp.usecs`. */
  variables?: readonly string[];
  /** Action on variables of another event: `onmatch(SYSTEM.EVENT).SYNTHETIC_EVENT($VARIABLE,FIELD)`. */
  action?: string;
  /** Filter on events; every event is counted where it is empty. */
  filter: string;
}

/** Returns a filter for the four hypercalls, by the number in a field of an event. */
export const isTce = (field: string) =>
  Object.values(HYPERCALLS)
    .map((opcode) => `${field}==0x${opcode.toString(16)}`)
    .join('||');

/** Returns the text to write to the event's `trigger` file; `size` is the number of entries, a power of two. */
export function triggerCommand(spec: TriggerSpec, size: number): string {
  return `${head(spec)}:size=${size}${spec.action === undefined ? '' : `:${spec.action}`}${condition(spec)}`;
}

/** Returns the text that resumes a paused trigger. */
export function resumeCommand(spec: TriggerSpec): string {
  return `${head(spec)}:cont${condition(spec)}`;
}

function head({ keys, sums, variables = [] }: TriggerSpec): string {
  const parts = [`keys=${keys.join(',')}`, sums.length > 0 ? `vals=${sums.join(',')}` : '', variables.join(',')];
  return ['hist', ...parts.filter((part) => part !== '')].join(':');
}

function condition({ filter }: TriggerSpec): string {
  return filter === '' ? '' : ` if ${filter}`;
}

/**
 * Finds this trigger in the text of an event's `trigger` file, whatever its size and state; undefined when the file
 * does not hold it, or another besides.
 */
export function heldTrigger(spec: TriggerSpec, text: string): HistTrigger | undefined {
  const [line, ...more] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (line === undefined || more.length > 0) return undefined;
  try {
    const trigger = parseTrigger(line);
    const others = [(spec.variables ?? []).join(','), spec.action ?? ''].filter((part) => part !== '');
    const isIt =
      sameFilter(trigger.filter ?? '', spec.filter) &&
      fieldsAre(trigger.keys, spec.keys) &&
      fieldsAre(trigger.vals, ['hitcount', ...spec.sums]) &&
      trigger.others.join(':') === others.join(':');
    return isIt ? trigger : undefined;
  } catch (error) {
    if (error instanceof HistError) return undefined;
    throw error;
  }
}

function fieldsAre(fields: readonly HistField[], names: readonly string[]): boolean {
  return fields.map(written).join() === names.join();
}
