/** Alerts: the newest event of each. */
import type { AlertEvent, AlertEvidence, AlertName, Confidence, Impact, Severity } from '../../model.js';
import type { ClickHouse } from '../client.js';
import type { AlertFilter } from '../queries.js';
import { NO_LIFE } from '../rows.js';

interface Row {
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

/** Newest alert first; without `limit` all of them. */
export async function selectAlerts(
  clickhouse: ClickHouse,
  { vm, state, limit }: Partial<AlertFilter>,
): Promise<AlertEvent[]> {
  const rows = await clickhouse.select<Row>(
    'cannot read alerts',
    `SELECT
       alert_id AS alertId, alert, severity, state, revision, toUnixTimestamp64Nano(at) AS atNs, host AS hostId,
       host_name AS hostName, life, vm, uuid, toUnixTimestamp64Nano(fired_at) AS firedAtNs,
       toUnixTimestamp64Nano(resolved_at) AS resolvedAtNs, cause AS code, confidence, cause_summary AS summary,
       cause_advice AS advice, impact, evidence
     FROM (
       SELECT * FROM alert_events
       ${vm === undefined ? '' : 'WHERE vm = {vm:String}'}
       ORDER BY revision DESC
       LIMIT 1 BY alert_id
     )
     ${state === undefined ? '' : 'WHERE state = {state:String}'}
     ORDER BY firedAtNs DESC, alertId
     ${limit === undefined ? '' : 'LIMIT {limit:UInt32}'}`,
    {
      ...(vm !== undefined && { vm }),
      ...(state !== undefined && { state }),
      ...(limit !== undefined && { limit }),
    },
  );
  return rows.map(({ code, confidence, summary, advice, life, vm, uuid, ...row }) => ({
    ...row,
    atNs: BigInt(row.atNs),
    firedAtNs: BigInt(row.firedAtNs),
    resolvedAtNs: row.resolvedAtNs === null ? null : BigInt(row.resolvedAtNs),
    vm: life === NO_LIFE ? null : { life, name: vm, uuid },
    cause: { code, confidence, summary, advice },
    impact: JSON.parse(row.impact) as Impact | null,
    evidence: readEvidence(row.evidence),
  }));
}

function readEvidence(json: string): AlertEvidence {
  return JSON.parse(json, (key, value: unknown) =>
    key === 'observedAtNs' && typeof value === 'string' ? BigInt(value) : value,
  ) as AlertEvidence;
}
