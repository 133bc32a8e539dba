/** Hist triggers that sources count with: what is written, and whether a trigger file holds it. */
import { HYPERCALLS } from '@tcewatch/protocol';
import { HistError } from '../hist/error.js';
import { parseTrigger, sameFilter } from '../hist/trigger.js';
import type { HistTrigger } from '../hist/trigger.js';

export interface TriggerSpec {
  /** Directory of the event below `events`. */
  system: string;
  event: string;
  keys: readonly string[];
  /** Sums besides the hitcount. */
  sums: readonly string[];
  filter: string;
}

/** The four hypercalls, by the number in a field of an event. */
export const isTce = (field: string) =>
  Object.values(HYPERCALLS)
    .map((opcode) => `${field}==0x${opcode.toString(16)}`)
    .join('||');

/** What is written to the event's `trigger` file; `size` is the number of entries, a power of two. */
export function triggerCommand(spec: TriggerSpec, size: number): string {
  return `${head(spec)}:size=${size} if ${spec.filter}`;
}

/** What sets a paused trigger going again. */
export function resumeCommand(spec: TriggerSpec): string {
  return `${head(spec)}:cont if ${spec.filter}`;
}

function head({ keys, sums }: TriggerSpec): string {
  return `hist:keys=${keys.join(',')}${sums.length > 0 ? `:vals=${sums.join(',')}` : ''}`;
}

/**
 * This trigger as the event's `trigger` file holds it, whatever its size and state; undefined when the file does not hold
 * it, or another besides.
 */
export function heldTrigger(spec: TriggerSpec, text: string): HistTrigger | undefined {
  const [line, ...more] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (line === undefined || more.length > 0) return undefined;
  try {
    const trigger = parseTrigger(line);
    const isIt =
      sameFilter(trigger.filter, spec.filter) &&
      fieldsAre(trigger.keys, spec.keys) &&
      fieldsAre(trigger.vals, ['hitcount', ...spec.sums]);
    return isIt ? trigger : undefined;
  } catch (error) {
    if (error instanceof HistError) return undefined;
    throw error;
  }
}

function fieldsAre(
  fields: readonly { name: string; modifier: string | undefined }[],
  names: readonly string[],
): boolean {
  return fields.length === names.length && fields.every((f, i) => f.name === names[i] && f.modifier === undefined);
}
