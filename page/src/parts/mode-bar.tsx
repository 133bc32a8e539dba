/** Shares of the modes as a small bar, and in words. */
import type { ModeShare } from '../api/answers.js';
import { shareWords } from '../words.js';

export function ModeBar({ modes }: { modes: readonly ModeShare[] }) {
  const unknown = modes.some(({ calls }) => calls === null);
  return (
    <span class="mode-share">
      <span class="mode-bar" aria-hidden="true">
        {modes.map(({ mode, calls }) =>
          calls ? <span key={mode} class={`mode-${mode}`} style={{ flexGrow: calls }} /> : null,
        )}
        {unknown && <span class="mode-unknown" />}
      </span>
      <span class="mode-words">{shareWords(modes)}</span>
    </span>
  );
}
