/** Why something is not shown, or not as it is now. */
import type { Polled } from '../api/poll.js';

export function Problem({ of }: { of: Pick<Polled<unknown>, 'body' | 'error'> }) {
  if (of.error === undefined) return of.body === undefined ? <p class="quiet">Asking the collector …</p> : null;
  const stale = of.body === undefined ? '' : ' What is shown is from before.';
  return (
    <p class="problem" role="status">
      The collector did not answer: {of.error.message}.{stale}
    </p>
  );
}
