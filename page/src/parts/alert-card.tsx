/** One alert with all that is known of it. */
import type { Alert } from '../api/answers.js';
import { runbookHref, subjectHref } from '../route.js';
import { alertWords, dateTime, firedFor, impactWords } from '../words.js';

const CONFIDENCE = {
  certain: 'certain: nothing else makes this evidence',
  likely: 'likely: nothing else that is common makes this evidence',
  possible: 'possible: other causes make this evidence as well',
} as const;

/** `subject`: whether to say which VM or host it is about. */
export function AlertCard({ alert, subject }: { alert: Alert; subject: boolean }) {
  const { cause, evidence, state, severity, firedAt, resolvedAt } = alert;
  const name = alert.vm?.name ?? alert.host.name;
  return (
    <article class={`alert alert-${state}`} aria-label={`${alertWords(alert.alert)}, ${name}`}>
      <p class="alert-head">
        <span>
          <span class={state}>{state}</span> <strong>{alertWords(alert.alert)}</strong>{' '}
          {subject && <a href={subjectHref(alert)}>{name}</a>} <span class="quiet">{severity}</span>
        </span>
        <a class="runbook" href={runbookHref(alert.alert, cause.code)}>
          Runbook
        </a>
      </p>
      <p class="cause">{cause.summary}</p>
      <dl class="facts">
        <dt>Cause</dt>
        <dd>
          <code>{cause.code}</code> <span class="quiet">({CONFIDENCE[cause.confidence]})</span>
        </dd>
        <dt>Advice</dt>
        <dd>{cause.advice}</dd>
        <dt>Since</dt>
        <dd>
          {dateTime(firedAt)} UTC, {resolvedAt === null ? 'still firing' : `resolved ${dateTime(resolvedAt)} UTC`}{' '}
          <span class="quiet">({firedFor(alert)})</span>
        </dd>
        {alert.impact && (
          <>
            <dt>Impact</dt>
            <dd>{impactWords(alert.impact)}</dd>
          </>
        )}
        {evidence.facts.length > 0 && (
          <>
            <dt>Evidence</dt>
            <dd>
              <ul>
                {evidence.facts.map((fact) => (
                  <li key={fact}>{fact}</li>
                ))}
              </ul>
            </dd>
          </>
        )}
      </dl>
    </article>
  );
}
