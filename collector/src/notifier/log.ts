/** Writes each event into the collector's log. */
import type { BaseLogger } from 'pino';
import { toAlertBody } from '../alerts/body.js';
import type { AlertEvent, Notifier } from '../model.js';
import { subjectOf } from './wording.js';

export function logNotifier(log: BaseLogger): Notifier {
  return {
    name: 'log',
    notify(events) {
      for (const event of events) write(event, log);
      return Promise.resolve();
    },
  };
}

function write(event: AlertEvent, log: BaseLogger): void {
  const words = `${event.alert} of ${subjectOf(event)} ${event.state}: ${event.cause.summary}`;
  if (event.state === 'firing') log.warn({ alert: toAlertBody(event) }, words);
  else log.info({ alert: toAlertBody(event) }, words);
}
