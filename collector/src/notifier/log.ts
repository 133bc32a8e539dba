/** Writes each event into the collector's log. */
import type { BaseLogger } from 'pino';
import { z } from 'zod';
import { toAlertBody } from '../alerts/body.js';
import type { AlertEvent } from '../alerts/event.js';
import type { Notifier } from '../model.js';
import { notifierKind } from './kind.js';
import { subjectOf } from './wording.js';

const TYPE = 'log';

export const log = notifierKind({
  type: TYPE,
  schema: z.strictObject({ type: z.literal(TYPE).describe('Kind of notifier.') }),
  names: () => [TYPE],
  create: (_, context) => [logNotifier(context.log)],
});

/** Creates the notifier that writes to `log`. */
export function logNotifier(log: BaseLogger): Notifier {
  return {
    name: TYPE,
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
