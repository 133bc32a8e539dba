/** Records of who was told of which events. */
import type { Notification, NotificationStore } from '../../model.js';
import type { ClickHouse } from '../client.js';
import { NO_ALERT, notificationRow } from '../rows.js';
import { ALERT_COLUMNS, toAlertEvent } from './alerts.js';
import type { AlertRow } from './alerts.js';

type NotificationAnswer = Omit<Notification, 'atNs'> & { atNs: string };

export function notificationsOf(clickhouse: ClickHouse): NotificationStore {
  const insertNotifications = async (rows: readonly Notification[]): Promise<void> => {
    if (rows.length > 0) await clickhouse.insertObjects('notifications', rows.map(notificationRow));
  };
  return {
    insertNotifications,

    async alertEventsStoredAfter(ns) {
      const rows = await clickhouse.select<AlertRow & { storedNs: string }>(
        'cannot read the newest alert events',
        `SELECT ${ALERT_COLUMNS}, toUnixTimestamp64Nano(toDateTime64(stored_at, 9, 'UTC')) AS storedNs
         FROM alert_events
         WHERE stored_at > fromUnixTimestamp64Nano({ns:Int64})
         ORDER BY stored_at, fired_at, revision
         LIMIT 1 BY alert_id, revision`,
        { ns },
      );
      return rows.map(({ storedNs, ...row }) => ({ event: toAlertEvent(row), storedNs: BigInt(storedNs) }));
    },

    async notificationsAfter(ns) {
      const rows = await clickhouse.select<NotificationAnswer>(
        'cannot read who was told of alerts',
        `SELECT
           notifier, host AS hostId, alert_id AS alertId, revision,
           toUnixTimestamp64Nano(toDateTime64(min(at), 9, 'UTC')) AS atNs
         FROM notifications
         WHERE at > fromUnixTimestamp64Nano({ns:Int64}) AND alert_id != {none:UUID}
         GROUP BY notifier, hostId, alertId, revision`,
        { ns, none: NO_ALERT.alertId },
      );
      return rows.map((row) => ({ ...row, atNs: BigInt(row.atNs) }));
    },

    async notifiersSince(names, nowNs) {
      const rows = await clickhouse.select<{ notifier: string; sinceNs: string }>(
        'cannot read since when there are notifiers',
        `SELECT notifier, toUnixTimestamp64Nano(toDateTime64(min(at), 9, 'UTC')) AS sinceNs
         FROM notifications WHERE alert_id = {none:UUID} GROUP BY notifier`,
        { none: NO_ALERT.alertId },
      );
      const known = new Map(rows.map(({ notifier, sinceNs }) => [notifier, BigInt(sinceNs)]));
      const added = names.filter((name) => !known.has(name));
      await insertNotifications(added.map((notifier) => ({ ...NO_ALERT, notifier, atNs: nowNs })));
      return new Map(names.map((name) => [name, known.get(name) ?? nowNs]));
    },
  };
}
