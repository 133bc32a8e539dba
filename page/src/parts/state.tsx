/** The state of a VM, as a word with a mark of its own shape. */
import type { VmState } from '../api/answers.js';
import { STATE_MEANINGS, STATE_WORDS } from '../words.js';

export function State({ state }: { state: VmState }) {
  return (
    <span class={`state state-${state}`} title={STATE_MEANINGS[state]}>
      {STATE_WORDS[state]}
    </span>
  );
}
