/** The plot of a VM, and the same as a table for who does not see it. */
import { HYPERCALL_NAMES, MODES } from '@tcewatch/protocol/vocabulary';
import type { Hypercall } from '@tcewatch/protocol/vocabulary';
import { useMemo } from 'preact/hooks';
import type { Step } from '../api/answers.js';
import { plotSteps } from '../series.js';
import type { PlotStep } from '../series.js';
import { MODE_WORDS, dateTime, duration, rate } from '../words.js';
import { Choice } from './choice.js';
import { Plot } from './plot.js';

export interface HistoryProps {
  steps: readonly Step[];
  /** Seconds. */
  step: number;
  /** Empty: all together. */
  hypercall: string;
  onChoose: (hypercall: string) => void;
}

export function History({ steps, step, hypercall, onChoose }: HistoryProps) {
  const called = HYPERCALL_NAMES.filter((name) => steps.some((row) => row.hypercall === name));
  const chosen = called.find((name): name is Hypercall => name === hypercall);
  const plotted = useMemo(() => plotSteps(steps, step, chosen), [steps, step, chosen]);
  const unread = plotted.filter(({ read }) => !read).length;
  const unknown = MODES.filter((mode) => plotted.some(({ read, rates }) => read && rates[mode] === null));
  if (plotted.length === 0) return <p class="empty">Nothing was called in this time.</p>;
  return (
    <>
      <Choice
        inline
        legend="Hypercall"
        name="hypercall"
        options={[{ value: '', words: 'all' }, ...called.map((name) => ({ value: name, words: name }))]}
        value={chosen ?? ''}
        onChoose={onChoose}
      />
      <figure class="history">
        <Plot steps={plotted} step={step} />
        <figcaption>
          Calls in a second by mode, in steps of {duration(step)}.
          {unread > 0 && ` The host was not read in ${unread} of ${plotted.length} steps.`}
          {unknown.map((mode) => ` ${MODE_WORDS[mode]} cannot be observed here and is not drawn.`)}
        </figcaption>
      </figure>
      <details>
        <summary>The plot as a table</summary>
        <StepsTable steps={plotted} />
      </details>
    </>
  );
}

function StepsTable({ steps }: { steps: readonly PlotStep[] }) {
  return (
    <div class="scrolls tall" role="region" aria-label="Calls in a second by mode and time" tabIndex={0}>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">From (UTC)</th>
            {MODES.map((mode) => (
              <th key={mode} scope="col" class="number">
                {MODE_WORDS[mode]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {steps.map(({ at, read, rates }) => (
            <tr key={at}>
              <th scope="row">{dateTime(new Date(at * 1000).toISOString())}</th>
              {MODES.map((mode) => (
                <td key={mode} class="number">
                  {read ? rateWords(rates[mode]) : 'not read'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function rateWords(perSecond: number | null): string {
  return perSecond === null ? 'unobservable' : `${rate(perSecond)}/s`;
}
