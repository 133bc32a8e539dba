/** Alerts: the newest event of each, or every event. */
import { NIL_UUID } from '@tcewatch/protocol';
import type { AlertEvent, AlertEvidence, Confidence, Impact } from '../../alerts/event.js';
import type { AlertName, Severity } from '../../alerts/table.js';
import type { ClickHouse } from '../client.js';
import type { AlertFilter } from '../types.js';

/** Row of {@link ALERT_COLUMNS}. */
export interface AlertRow {
  alertId: string;
  alert: AlertName;
  severity: Severity;
  state: AlertEvent['state'];
  revision: number;
  atNs: string;
  hostId: string;
  hostName: string;
  life: string;
  vm: string;
  uuid: string;
  firedAtNs: string;
  resolvedAtNs: string | null;
  code: string;
  confidence: Confidence;
  summary: string;
  advice: string;
  impact: string;
  evidence: string;
}

/** Columns of `alert_events` that make an {@link AlertRow}. */
export const ALERT_COLUMNS = `alert_id AS alertId, alert, severity, state, revision, toUnixTimestamp64Nano(at) AS atNs,
  host AS hostId, host_name AS hostName, life, vm, uuid, toUnixTimestamp64Nano(fired_at) AS firedAtNs,
  toUnixTimestamp64Nano(resolved_at) AS resolvedAtNs, cause AS code, confidence, cause_summary AS summary,
  cause_advice AS advice, impact, evidence`;

/** Conditions on the newest event, by the part of a filter. */
const CONDITIONS: Readonly<Record<Exclude<keyof AlertFilter, 'limit'>, string>> = {
  hostId: 'host = {hostId:String}',
  vm: 'vm = {vm:String}',
  state: 'state = {state:String}',
  severity: 'severity = {severity:String}',
  alert: 'alert = {alert:String}',
  sinceNs: '(resolved_at IS NULL OR resolved_at >= fromUnixTimestamp64Nano({sinceNs:Int64}))',
  untilNs: 'fired_at < fromUnixTimestamp64Nano({untilNs:Int64})',
};

/** Reads the newest event of each alert, newest alert first; without `limit` all of them. */
export async function selectAlerts(clickhouse: ClickHouse, filter: Partial<AlertFilter>): Promise<AlertEvent[]> {
  const given = Object.keys(filter) as (keyof AlertFilter)[];
  const conditions = given.flatMap((key) => (key === 'limit' ? [] : CONDITIONS[key]));
  const rows = await clickhouse.select<AlertRow>(
    'cannot read alerts',
    `SELECT ${ALERT_COLUMNS}
     FROM (
       SELECT * FROM alert_events
       ORDER BY revision DESC
       LIMIT 1 BY alert_id
     )
     ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}
     ORDER BY firedAtNs DESC, alertId
     ${filter.limit === undefined ? '' : 'LIMIT {limit:UInt32}'}`,
    { ...filter },
  );
  return rows.map(toAlertEvent);
}

/** Reads the events of one alert in the order of their revisions; none where there is no such alert. */
export async function selectAlertEvents(clickhouse: ClickHouse, alertId: string): Promise<AlertEvent[]> {
  const rows = await clickhouse.select<AlertRow>(
    'cannot read the events of an alert',
    `SELECT ${ALERT_COLUMNS} FROM alert_events WHERE alert_id = {alertId:UUID} ORDER BY revision LIMIT 1 BY revision`,
    { alertId },
  );
  return rows.map(toAlertEvent);
}

export function toAlertEvent(row: AlertRow): AlertEvent {
  const { code, confidence, summary, advice, life, vm, uuid, ...same } = row;
  return {
    ...same,
    atNs: BigInt(row.atNs),
    firedAtNs: BigInt(row.firedAtNs),
    resolvedAtNs: row.resolvedAtNs === null ? null : BigInt(row.resolvedAtNs),
    vm: life === NIL_UUID ? null : { life, name: vm, uuid },
    cause: { code, confidence, summary, advice },
    impact: JSON.parse(row.impact) as Impact | null,
    evidence: readEvidence(row.evidence),
  };
}

function readEvidence(json: string): AlertEvidence {
  return JSON.parse(json, (key, value: unknown) =>
    key === 'observedAtNs' && typeof value === 'string' ? BigInt(value) : value,
  ) as AlertEvidence;
}
