/** Writes each event into the collector's log. */
import type { BaseLogger } from 'pino';
import { toAlertBody } from '../alert-body.js';
import type { Notifier } from '../model.js';

export function logNotifier(log: BaseLogger): Notifier {
  return {
    name: 'log',
    notify(event) {
      const body = toAlertBody(event);
      const words = `${event.alert} of ${event.vm} on ${event.hostName} ${event.state}: ${event.cause.summary}`;
      if (event.state === 'firing') log.warn({ alert: body }, words);
      else log.info({ alert: body }, words);
      return Promise.resolve();
    },
  };
}
