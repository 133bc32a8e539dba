/**
 * The states of VMs in SQL, for those who ask ClickHouse themselves. The rule is that of the protocol's `vmState` and
 * `sumModes`, and a test holds the two equal.
 */
import { HYPERCALL_NAMES, NIL_UUID } from '@tcewatch/protocol';
import { RECENT_MS } from '../types.js';
import { READINGS, difference, gained } from './cumulative.js';
import { isLiving } from './fleet.js';
import { lives, modes } from './modes.js';

/** What the states are decided by, each a SELECT. */
export interface VmStateInputs {
  /** host, life, vm, uuid, evidence of each VM that is asked about. */
  vms: string;
  /** host, life, hypercall, counter, increase in the last minutes. */
  increases: string;
  /** host of those that report. */
  reporting: string;
  /** host, life of VMs about which an alert fires. */
  alerting: string;
}

/** Hypercalls that count even where a VM did not call them; H_GET_TCE does only where it was called. */
const ALWAYS = HYPERCALL_NAMES.filter((name) => name !== 'H_GET_TCE');

/** SELECT host, life, vm, uuid, real, virtual, userspace (calls, or NULL where nobody can observe them), vm_state. */
export function vmStates({ vms, increases, reporting, alerting }: VmStateInputs): string {
  return `
    SELECT host, life, vm, uuid, real, virtual, userspace,
      multiIf(
        host NOT IN (${reporting}), 'silent',
        (host, life) IN (${alerting}), 'fallback',
        real IS NULL OR virtual IS NULL OR userspace IS NULL, 'unobservable',
        real > 0 OR virtual > 0, 'accelerated',
        userspace > 0, 'fallback',
        'idle'
      ) AS vm_state
    FROM (
      SELECT host, life, any(vm) AS vm, any(uuid) AS uuid,
        ${sumOf('real')}, ${sumOf('virtual')}, ${sumOf('userspace')}
      FROM (${modes(countedAndNot(increases, vms), 'host, life', vms)})
      GROUP BY host, life
    )`;
}

/** Calls of a mode; NULL where those of one hypercall are not known. */
function sumOf(mode: string): string {
  return `if(countIf(mode = '${mode}' AND calls IS NULL) > 0, NULL, sumIf(calls, mode = '${mode}')) AS ${mode}`;
}

/** What was counted of the lives, and a 0 for each hypercall that counts even where it was not called. */
function countedAndNot(increases: string, ofLives: string): string {
  const names = ALWAYS.map((name) => `'${name}'`).join(', ');
  return `
    SELECT host, life, hypercall, counter, increase
    FROM (
      SELECT *, max(increase) OVER (PARTITION BY host, life, hypercall) AS most
      FROM (
        SELECT host, life, toString(hypercall) AS hypercall, toString(counter) AS counter, increase FROM (${increases})
      )
    )
    WHERE (hypercall IN (${names}) OR most > 0) AND (host, life) IN (SELECT host, life FROM (${ofLives}))
    UNION ALL
    SELECT host, life, arrayJoin([${names}]) AS hypercall, 'entered' AS counter, 0::Int64 AS increase
    FROM (${ofLives})`;
}

const STEP_SECONDS = RECENT_MS / 1000;

/**
 * SELECT what `vmStates` does, of the VMs that lived at `to`, an expression of type DateTime64(9): by their calls from five
 * to ten minutes before, and by the alerts that fired then. Guests that count themselves are VMs of their hosts already.
 */
export function vmStatesAt(to: string): string {
  const from = `toDateTime64(toStartOfInterval(${to}, INTERVAL ${STEP_SECONDS} SECOND, 'UTC') - ${STEP_SECONDS}, 9, 'UTC')`;
  const guests =
    "SELECT host FROM (SELECT host, source FROM hosts ORDER BY at DESC LIMIT 1 BY host) WHERE source = 'guest'";
  const firing = `SELECT any(host) AS host, any(life) AS life, any(alert) AS alert, max(resolved_at) AS resolved
      FROM alert_events WHERE fired_at < ${to} GROUP BY alert_id HAVING resolved IS NULL OR resolved >= ${to}`;
  return vmStates({
    vms: lives(`${isLiving(to)} AND host NOT IN (${guests})`),
    increases: gained(difference(READINGS, { from, to }, 'true'), 'host, life, hypercall'),
    reporting: `SELECT host FROM host_readings WHERE at >= ${from} AND at < ${to}
      AND host NOT IN (SELECT host FROM (${firing}) WHERE alert = 'TceTelemetrySilent')`,
    alerting: `SELECT host, life FROM (${firing}) WHERE life != '${NIL_UUID}'`,
  });
}
