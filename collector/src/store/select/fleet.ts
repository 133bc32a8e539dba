/** Members of the fleet now: VMs that live, and the newest alert of each. Of what the past had, only keys are read. */
import { NIL_UUID } from '@tcewatch/protocol';
import type { AlertEvent } from '../../alerts/event.js';
import type { ClickHouse } from '../client.js';
import type { LivingVmRow } from '../types.js';
import { ALERT_COLUMNS, toAlertEvent } from './alerts.js';
import type { AlertRow } from './alerts.js';
import { toEvidence } from './vms.js';
import type { EvidenceRow } from './vms.js';

/**
 * SELECT host, life of the day of each host's newest reading, of those up to `to` where that is given. Each day of a host
 * begins with all its VMs, so a life that is not among them is not there any more.
 */
function livesOfTheDay(to?: string): string {
  const newest = to === undefined ? 'max(at)' : `least(max(at), ${to})`;
  return `
  SELECT host, life
  FROM vms
  INNER JOIN (SELECT host, toStartOfDay(${newest}) AS day FROM hosts GROUP BY host) AS days USING (host)
  WHERE at >= day`;
}

/** A condition on `vms`: lives that have not ended, now or at `to`, an expression of type DateTime64(9). */
export function isLiving(to?: string): string {
  const ended = `SELECT host, life FROM vm_facts WHERE ended${to === undefined ? '' : ` AND at < ${to}`}`;
  const started = to === undefined ? '' : ` AND started_at < ${to}`;
  return `(host, life) IN (${livesOfTheDay(to)}) AND (host, life) NOT IN (${ended})${started}`;
}

type Row = Omit<LivingVmRow, 'startedAtNs' | 'evidence'> & { startedAtNs: string; evidence: EvidenceRow[] };

export async function selectLivingVms(clickhouse: ClickHouse): Promise<LivingVmRow[]> {
  const rows = await clickhouse.select<Row>(
    'cannot read living VMs',
    `SELECT
       host AS hostId, life, name AS vm, uuid, toUnixTimestamp64Nano(started_at) AS startedAtNs, evidence
     FROM vms
     WHERE ${isLiving()}
     ORDER BY at DESC
     LIMIT 1 BY host, life`,
  );
  return rows.map((row) => ({
    ...row,
    startedAtNs: BigInt(row.startedAtNs),
    evidence: row.evidence.map(toEvidence),
  }));
}

export async function selectNewestAlerts(clickhouse: ClickHouse): Promise<AlertEvent[]> {
  const rows = await clickhouse.select<AlertRow>(
    'cannot read the newest alerts',
    `SELECT ${ALERT_COLUMNS}
     FROM alert_events
     WHERE (alert_id, revision) IN (
       SELECT alert_id, newest
       FROM (
         SELECT
           alert_id, max(revision) AS newest, argMax(state, revision) = 'firing' AS fires, any(fired_at) AS fired,
           any(host) AS host, any(life) AS life, any(alert) AS alert
         FROM alert_events
         GROUP BY alert_id
       )
       WHERE if(life = {none:UUID}, fires, (host, life) IN (${livesOfTheDay()}))
       ORDER BY fires DESC, fired DESC
       LIMIT 1 BY host, life, if(life = {none:UUID}, alert, '')
     )
     LIMIT 1 BY alert_id`,
    { none: NIL_UUID },
  );
  return rows.map(toAlertEvent);
}
