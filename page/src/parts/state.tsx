/** The state of a VM, as a word with a mark of its own shape. */
import { VM_STATE_WORDS } from '@tcewatch/protocol/vm-state';
import type { VmState } from '@tcewatch/protocol/vm-state';

export function State({ state }: { state: VmState }) {
  const { label, meaning } = VM_STATE_WORDS[state];
  return (
    <span class={`state state-${state}`} title={meaning}>
      {label}
    </span>
  );
}
