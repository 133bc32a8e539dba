/** Shares of the modes as a small bar, and in words. */
import type { ModeShare } from '../api/answers.js';
import { shareWords } from '../words.js';

export interface ModeBarProps {
  modes: readonly ModeShare[];
  /** Nobody knows what they are now. */
  past?: boolean;
}

export function ModeBar({ modes, past = false }: ModeBarProps) {
  const unknown = modes.some(({ calls }) => calls === null);
  return (
    <span class={past ? 'mode-share past' : 'mode-share'}>
      <span class="mode-bar" aria-hidden="true">
        {modes.map(({ mode, calls }) =>
          calls ? <span key={mode} class={`mode-${mode}`} style={{ flexGrow: calls }} /> : null,
        )}
        {unknown && <span class="mode-unknown" />}
      </span>
      <span class="mode-words">
        {past && 'was '}
        {shareWords(modes)}
      </span>
    </span>
  );
}
