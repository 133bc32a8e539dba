/** The two hist triggers that the `hist` source counts with: what is written, and whether a trigger file holds it. */
import { HYPERCALLS } from '@tcewatch/protocol';
import { HistError } from '../hist/error.js';
import { parseTrigger, sameFilter } from '../hist/trigger.js';
import { ENTER_EVENT, ENTER_KEYS, EXIT_EVENT, EXIT_KEYS } from './hist-counts.js';

interface TriggerSpec {
  event: string;
  keys: readonly string[];
  /** Sums besides the hitcount. */
  sums: readonly string[];
  filter: string;
}

const isTce = (field: string) =>
  Object.values(HYPERCALLS)
    .map((opcode) => `${field}==0x${opcode.toString(16)}`)
    .join('||');

/**
 * In the order in which they are set: a call that enters before the first and leaves after the second is not counted at
 * all, and one in between is counted as entered alone. So never are more punted than entered.
 */
export const TRIGGERS: readonly TriggerSpec[] = [
  { event: ENTER_EVENT, keys: ENTER_KEYS, sums: ['gpr7'], filter: isTce('req') },
  { event: EXIT_EVENT, keys: EXIT_KEYS, sums: [], filter: `ret==2&&(${isTce('hcall_rc')})` },
];

/** What is written to the event's `trigger` file; `size` is the number of entries, a power of two. */
export function triggerCommand({ keys, sums, filter }: TriggerSpec, size: number): string {
  const vals = sums.length > 0 ? `:vals=${sums.join(',')}` : '';
  return `hist:keys=${keys.join(',')}${vals}:size=${size} if ${filter}`;
}

/** Whether the event's `trigger` file, as the kernel prints it, holds this trigger, active, and no other. */
export function isSet(spec: TriggerSpec, size: number, text: string): boolean {
  const [line, ...more] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (line === undefined || more.length > 0) return false;
  try {
    const trigger = parseTrigger(line);
    return (
      trigger.state === 'active' &&
      trigger.size === size &&
      sameFilter(trigger.filter, spec.filter) &&
      fieldsAre(trigger.keys, spec.keys) &&
      fieldsAre(trigger.vals, ['hitcount', ...spec.sums])
    );
  } catch (error) {
    if (error instanceof HistError) return false;
    throw error;
  }
}

function fieldsAre(
  fields: readonly { name: string; modifier: string | undefined }[],
  names: readonly string[],
): boolean {
  return fields.length === names.length && fields.every((f, i) => f.name === names[i] && f.modifier === undefined);
}
