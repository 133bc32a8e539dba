import { pino } from 'pino';
import { expect, it } from 'vitest';
import { logNotifier } from '../../src/notifier/log.js';
import { firingAlert } from '../events.js';

it('writes an event into the log, a firing one as a warning', async () => {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(line) });
  const event = firingAlert();
  await logNotifier(log).notify([event]);
  await logNotifier(log).notify([{ ...event, state: 'resolved', revision: 1 }]);
  const [firing, resolved] = lines.map((line) => JSON.parse(line) as unknown);
  expect(firing).toMatchObject({
    level: pino.levels.values['warn'],
    alert: { alertId: event.alertId, cause: { code: 'no-in-kernel-table' } },
    msg: 'TceNeverAccelerated of a on h.example firing: The kernel serves no TCE table of this VM.',
  });
  expect(resolved).toMatchObject({ level: pino.levels.values['info'], alert: { state: 'resolved' } });
});
