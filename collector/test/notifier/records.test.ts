import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { Notification } from '../../src/model.js';
import { createRecords } from '../../src/notifier/index.js';
import { firingAlerts } from '../events.js';

const [first, second, third] = firingAlerts('a', 'b', 'c') as [AlertEvent, AlertEvent, AlertEvent];
const options = { log: pino({ level: 'silent' }), now: () => 7n };

/** A store whose inserts fail as often as it is told to, and end when they are released. */
function slowStore(failures: number) {
  const groups: string[][] = [];
  const waiting: (() => void)[] = [];
  let left = failures;
  const insertNotifications = (rows: readonly Notification[]) => {
    groups.push(rows.map(({ notifier, alertId, revision }) => `${notifier} ${alertId} ${revision}`));
    return new Promise<void>((resolve, reject) => {
      waiting.push(() => {
        if (left-- > 0) reject(new Error('down'));
        else resolve();
      });
    });
  };
  return { store: { insertNotifications }, groups, release: () => waiting.shift()?.() };
}

it('records what was told in groups: what comes while one is being written goes into the next', async () => {
  const { store, groups, release } = slowStore(0);
  const records = createRecords(store, options);
  records.add('x', [first]);
  records.add('x', [second]);
  records.add('y', [third]);
  release();
  await expect.poll(() => groups).toHaveLength(2);
  release();
  await records.close();
  expect(groups).toEqual([[`x ${first.alertId} 0`], [`x ${second.alertId} 0`, `y ${third.alertId} 0`]]);
});

it('tries once more to record what failed when it is closed', async () => {
  const { store, groups, release } = slowStore(1);
  const records = createRecords(store, options);
  records.add('x', [first]);
  const closed = records.close();
  release();
  await expect.poll(() => groups).toHaveLength(2);
  release();
  await closed;
  expect(groups[1]).toEqual(groups[0]);
});
