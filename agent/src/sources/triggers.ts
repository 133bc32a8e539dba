/** The two hist triggers that the `hist` source counts with: what is written, and whether a trigger file holds it. */
import { HYPERCALLS } from '@tcewatch/protocol';
import { HistError } from '../hist/error.js';
import { parseTrigger, sameFilter } from '../hist/trigger.js';
import { ENTER_EVENT, EXIT_EVENT, EXIT_KEYS, enterKeys } from './hist-counts.js';
import type { EnterScope } from './hist-plan.js';

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
export function triggersFor(scope: EnterScope): readonly TriggerSpec[] {
  return [
    { event: ENTER_EVENT, keys: enterKeys(scope), sums: ['gpr7'], filter: isTce('req') },
    { event: EXIT_EVENT, keys: EXIT_KEYS, sums: [], filter: `ret==2&&(${isTce('hcall_rc')})` },
  ];
}

/** What is written to the event's `trigger` file; `size` is the number of entries, a power of two. */
export function triggerCommand({ keys, sums, filter }: TriggerSpec, size: number): string {
  return `${head({ keys, sums })}:size=${size} if ${filter}`;
}

/** What sets a paused trigger going again. */
export function resumeCommand({ keys, sums, filter }: TriggerSpec): string {
  return `${head({ keys, sums })}:cont if ${filter}`;
}

function head({ keys, sums }: Pick<TriggerSpec, 'keys' | 'sums'>): string {
  return `hist:keys=${keys.join(',')}${sums.length > 0 ? `:vals=${sums.join(',')}` : ''}`;
}

/**
 * The state of this trigger in the event's `trigger` file, as the kernel prints it; undefined when the file does not hold
 * it, or another besides.
 */
export function triggerState(spec: TriggerSpec, text: string): 'active' | 'paused' | undefined {
  const [line, ...more] = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  if (line === undefined || more.length > 0) return undefined;
  try {
    const trigger = parseTrigger(line);
    const isSet =
      sameFilter(trigger.filter, spec.filter) &&
      fieldsAre(trigger.keys, spec.keys) &&
      fieldsAre(trigger.vals, ['hitcount', ...spec.sums]);
    return isSet ? trigger.state : undefined;
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
