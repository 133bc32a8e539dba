/**
 * All SQL queries of the dashboards. Those about counts are built from the store's own parts, so that a panel and the read
 * API give one answer. A query reads only the hosts, the range and the rollup that it needs. Labels are text, the time of
 * a plot comes first, and what nobody can observe is NULL.
 */
import { sql } from '@tcewatch/collector';
import { VM_STATES, VM_STATE_WORDS } from '@tcewatch/protocol';
import type { VmState } from '@tcewatch/protocol';
import {
  FROM,
  OF_HOSTS,
  OF_LIFE,
  RANGE,
  RANGE_SECONDS,
  SOURCES,
  STEP,
  STEPS,
  STEP_NS,
  THE_LIFE,
  TO,
} from './expressions.js';

/** Number of the last latency bucket that has an upper end. */
const LAST_END = 30;

const LIFE = 'host, life';
const ALL = 'true';

/** SELECT by, vm, uuid, hypercall, mode, evidence, reason, calls over the whole range. */
function modesOfRange(where: string, by = LIFE): string {
  const increases = sql.gained(sql.difference(sql.READINGS, RANGE, where), `${by}, hypercall`);
  return sql.modes(increases, by, sql.lives(where));
}

/**
 * SELECT by, step, vm, uuid, hypercall, mode, evidence, reason, calls. A step in which the host was read and nothing was
 * called has a row of 0; one in which nobody looked has none.
 */
function modesOfSteps(where: string, by = LIFE): string {
  const increases = sql.stepIncreases({ range: STEPS, where, by: `${by}, hypercall`, sources: SOURCES });
  const filled = `
    SELECT ${by}, hypercall, counter,
      arrayJoin(arrayDistinct(arrayConcat(mapKeys(counted), readings.steps))) AS step, counted[step] AS increase
    FROM (
      SELECT ${by}, hypercall, counter, mapFromArrays(groupArray(step), groupArray(increase)) AS counted
      FROM (${increases})
      GROUP BY ${by}, hypercall, counter
    ) AS counts
    LEFT JOIN (${readSteps(where)}) AS readings USING (host)`;
  return sql.modes(filled, `${by}, step`, sql.lives(where));
}

/** Steps in which hosts were read. Those of ten minutes and more come from `host_runs`, which has a row for each ten minutes. */
function readSteps(where: string): string {
  const hosts = where === ALL ? ALL : `host IN (SELECT host FROM vms WHERE ${where})`;
  return `SELECT host, groupUniqArray(step) AS steps FROM (
      SELECT host, intDiv(toInt64(toUnixTimestamp(slot)) * 1000000000, ${STEP_NS}) AS step
      FROM host_runs WHERE $__interval_s >= 600 AND slot >= ${STEPS.from} AND slot < ${TO} AND ${hosts}
      UNION ALL
      SELECT host, intDiv(toUnixTimestamp64Nano(at), ${STEP_NS}) AS step
      FROM host_readings WHERE $__interval_s < 600 AND at >= ${STEPS.from} AND at < ${TO} AND ${hosts}
    ) GROUP BY host`;
}

const HOST_NAMES = 'SELECT host, name FROM hosts ORDER BY at DESC LIMIT 1 BY host';
const STEP_TIME = `toDateTime(step * ${STEP}, 'UTC') AS time`;

/** SELECT time, label, value (calls a second) from one of the queries above. */
function plot(from: string, label: string): string {
  return `SELECT ${STEP_TIME}, ${label} AS label, sum(calls) / ${STEP} AS value
    FROM (${from}) WHERE step >= 0 AND calls IS NOT NULL GROUP BY time, label ORDER BY time, label`;
}

/** SELECT the sums of each life over the range. */
const LIVES = `
  SELECT host, life, any(vm) AS vm, sumIf(calls, mode = 'userspace') AS punted, sum(calls) AS known,
    countIf(mode = 'real' AND calls IS NULL) > 0 AS hides_real
  FROM (${modesOfRange(ALL)}) GROUP BY host, life`;

/** The states of the VMs that lived at the end of the range, as the read API has them. */
const STATES = sql.vmStatesAt(TO);

function countState(state: VmState): string {
  return `countIf(vm_state = '${state}') AS "${VM_STATE_WORDS[state].label}"`;
}

export const fleet = {
  states: `SELECT ${VM_STATES.map(countState).join(', ')} FROM (${STATES})`,
  share: plot(modesOfSteps(ALL), 'mode'),
  worst: `SELECT vm AS "VM", name AS "host", punted / ${RANGE_SECONDS} AS "punts",
      if(known > 0 AND NOT hides_real, punted / known, NULL) AS "share", toString(life) AS "life", toString(host) AS "host id"
    FROM (${LIVES}) AS lives LEFT JOIN (${HOST_NAMES}) AS names USING (host)
    WHERE punted > 0 ORDER BY punted DESC, vm LIMIT 20`,
  hosts: `SELECT kernel AS "kernel", cpu AS "CPU", toString(said.mode) AS "mode", toString(said.evidence) AS "evidence",
      uniqExact(host) AS "hosts"
    FROM (SELECT host, arrayJoin(evidence) AS said FROM (${sql.lives(`at >= ${FROM}`)})) AS words
    LEFT JOIN (SELECT host, kernel, cpu FROM hosts ORDER BY at DESC LIMIT 1 BY host) AS hosts USING (host)
    GROUP BY "kernel", "CPU", "mode", "evidence" ORDER BY "kernel", "CPU", "mode", "evidence"`,
  freshness: `SELECT name AS "host", greatest(0, toUnixTimestamp64Nano(${TO}) - toUnixTimestamp64Nano(at)) / 1e9 AS "age",
      interval_ns / 1e9 AS "interval", source AS "source", toString(host) AS "host id"
    FROM hosts ORDER BY at DESC LIMIT 1 BY host`,
};

function alerts(where: string): string {
  return `SELECT fired_at AS "fired", resolved_at AS "resolved", toString(state) AS "state", alert AS "alert",
      severity AS "severity", vm AS "VM", host_name AS "host", cause AS "cause", confidence AS "confidence",
      cause_summary AS "what happened", cause_advice AS "what to do", toString(life) AS "life", toString(host) AS "host id"
    FROM (
      SELECT * FROM alert_events
      WHERE fired_at < ${TO} AND (resolved_at IS NULL OR resolved_at >= ${FROM}) AND ${where}
      ORDER BY revision DESC LIMIT 1 BY alert_id
    )
    ORDER BY "fired" DESC LIMIT 50`;
}

/** SELECT an annotation for each event of an alert. */
function annotations(where: string): string {
  return `SELECT at AS time, concat(alert, ' ', toString(state), ': ', if(vm = '', '', concat(vm, ' on ')), host_name) AS title,
      cause_summary AS text, concat(cause, ',', severity) AS tags
    FROM alert_events WHERE at >= ${FROM} AND at < ${TO} AND ${where} ORDER BY time LIMIT 500`;
}

export const events = {
  all: alerts(ALL),
  ofHosts: alerts(OF_HOSTS),
  ofLife: alerts(THE_LIFE),
  annotations: annotations(ALL),
  annotationsOfHosts: annotations(OF_HOSTS),
  annotationsOfLife: annotations(THE_LIFE),
};

const UNKNOWN_VM = "'unattributed'";

export const host = {
  vms: `SELECT if(vm = '', ${UNKNOWN_VM}, vm) AS "VM", mode AS "mode", any(evidence) AS "evidence",
      if(countIf(calls IS NULL) > 0, NULL, sum(calls)) / ${RANGE_SECONDS} AS "calls", toString(life) AS "life",
      toString(host) AS "host id"
    FROM (${modesOfRange(OF_HOSTS)}) GROUP BY host, life, "VM", mode ORDER BY "VM", "life", "mode"`,
  rates: plot(modesOfSteps(OF_HOSTS), `concat(if(vm = '', ${UNKNOWN_VM}, vm), ' ', mode)`),
  entries: `SELECT if(vm = '', ${UNKNOWN_VM}, vm) AS "VM", toString(hypercall) AS "hypercall",
      if(entered > 0 AND unsized = 0 AND entries > 0, entries / entered, NULL) AS "entries per call"
    FROM (
      SELECT host, life, hypercall, sumIf(increase, counter = 'entered') AS entered,
        sumIf(increase, counter = 'entered_entries') AS entries, sumIf(increase, counter = 'entered_unsized') AS unsized
      FROM (${sql.gained(sql.difference(sql.READINGS, RANGE, OF_HOSTS), `${LIFE}, hypercall`)})
      GROUP BY host, life, hypercall
    ) AS counted
    LEFT JOIN (${sql.lives(OF_HOSTS)}) AS lives USING (host, life)
    WHERE hypercall IN ('H_PUT_TCE_INDIRECT', 'H_STUFF_TCE') ORDER BY "VM", "hypercall"`,
  losses: `SELECT toString(counter) AS "events", sum(seen) AS "seen", sum(full) AS "table full", sum(over) AS "overwritten",
      sum(drop) AS "dropped", sum(unrep) AS "unreported"
    FROM (
      SELECT host, counter, max(seen) AS seen, max(table_full) AS full, max(overwritten) AS over, max(dropped) AS drop,
        max(unreported) AS unrep
      FROM accounts_total WHERE ${OF_HOSTS} GROUP BY host, counter, epoch
    ) GROUP BY counter ORDER BY "events"`,
  evidence: `SELECT DISTINCT vm AS "VM", toString(said.mode) AS "mode", toString(said.hypercall) AS "hypercall",
      toString(said.evidence) AS "evidence", said.reason AS "reason"
    FROM (SELECT vm, arrayJoin(evidence) AS said FROM (${sql.lives(`${OF_HOSTS} AND at >= ${FROM}`)}))
    ORDER BY "VM", "mode", "hypercall"`,
  problems: `SELECT name AS "host", kernel AS "kernel", agent_version AS "agent", source AS "source", at AS "read",
      arrayStringConcat(problems, '; ') AS "problems"
    FROM hosts WHERE ${OF_HOSTS} ORDER BY at DESC LIMIT 1 BY host`,
};

/** SELECT step, span, hypercall, bucket, calls, us: the calls of each step and bucket of time, of one VM. */
function latencySteps(): string {
  const { series } = sql.LATENCIES;
  const reached = SOURCES.map(
    ({ table, ns, time, when }) => `
      SELECT ${series}, intDiv(${ns}, ${STEP_NS}) AS step, max(calls) AS c, max(total_us) AS us
      FROM ${table.replace('readings', 'latencies')}
      WHERE ${when} AND ${time} >= ${STEPS.from} AND ${time} < ${TO} AND ${OF_LIFE}
      GROUP BY ${series}, step`,
  ).join(' UNION ALL ');
  const window = `OVER (PARTITION BY ${series} ORDER BY step ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`;
  return `SELECT step, span, hypercall, bucket, sum(c - least(c, c_before)) AS calls, sum(us - least(us, us_before)) AS us
    FROM (
      SELECT *, max(c) ${window} AS c_before, max(us) ${window} AS us_before
      FROM (
        SELECT ${series}, toInt64(-1) AS step, reached_calls AS c, reached_us AS us
        FROM (${sql.cumulative(sql.LATENCIES, STEPS.from, OF_LIFE)})
        UNION ALL ${reached}
      )
    )
    WHERE step >= 0 GROUP BY step, span, hypercall, bucket`;
}

/** SELECT time, label, value, where `value` is an expression in seconds over the calls of one step. */
function latency(value: string): string {
  return `SELECT ${STEP_TIME}, concat(toString(span), ' ', toString(hypercall)) AS label, ${value} AS value
    FROM (${latencySteps()}) WHERE calls > 0 GROUP BY time, label ORDER BY time, label`;
}

const VM_MODES = modesOfRange(OF_LIFE);

export const vm = {
  byMode: plot(modesOfSteps(OF_LIFE), 'mode'),
  byHypercall: plot(modesOfSteps(OF_LIFE), "concat(hypercall, ' ', mode)"),
  punts: plot(`SELECT * FROM (${modesOfSteps(OF_LIFE)}) WHERE mode = 'userspace'`, 'hypercall'),
  totals: `SELECT hypercall AS "hypercall", mode AS "mode", calls AS "calls", evidence AS "evidence", reason AS "reason"
    FROM (${VM_MODES}) ORDER BY "hypercall", indexOf(['real', 'virtual', 'userspace'], "mode")`,
  liobns: `SELECT if(toString(scope) = 'one', lower(concat('0x', hex(liobn))), toString(scope)) AS "LIOBN",
      hypercall AS "hypercall",
      sumIf(increase, counter = 'entered') AS "entered",
      if(countIf(counter = 'punted') > 0, sumIf(increase, counter = 'punted'), NULL) AS "punted"
    FROM (${sql.gained(sql.difference(sql.READINGS, RANGE, OF_LIFE), 'scope, liobn, toString(hypercall) AS hypercall')})
    GROUP BY "LIOBN", "hypercall" ORDER BY "LIOBN", "hypercall"`,
  latency: latency('sum(us) / sum(calls) / 1e6'),
  // By nearest rank, as the read API has it: the end of the bucket, which the last one does not have.
  slowest: latency(`exp2(least(quantileExactWeighted(0.99)(bucket, toUInt64(calls)), ${LAST_END})) / 1e6`),
  uptime: `SELECT dateDiff('second', started_at, least(${TO}, now64(9))) AS "time since start"
    FROM vms WHERE ${OF_LIFE} ORDER BY at DESC LIMIT 1`,
  facts: `SELECT observed_at AS "seen", tce_tables AS "TCE tables in the kernel", 
      multiIf(tce_tables IS NULL, NULL, empty(vfio_groups), 'none', arrayStringConcat(arrayMap(x -> toString(x), vfio_groups), ' ')) AS "VFIO groups",
      memlock AS "locked memory", toString(qemu) AS "QEMU", libvirt_domain AS "libvirt domain", pod_uid AS "pod",
      toString(mmu) AS "MMU", vcpus AS "vCPUs"
    FROM vm_facts WHERE observed_at IS NOT NULL AND at < ${TO} AND ${OF_LIFE} ORDER BY at DESC LIMIT 1`,
};

export const pipeline = {
  delay: `SELECT slot AS time, toString(max(name)) AS label, min(delay) / 1e9 AS value
    FROM host_runs WHERE slot >= ${FROM} AND slot < ${TO} GROUP BY time, host ORDER BY time, label`,
  parts: `SELECT table AS "table", count() AS "parts", sum(rows) AS "rows", sum(bytes_on_disk) AS "on disk"
    FROM system.parts WHERE active AND database = currentDatabase() GROUP BY table ORDER BY "on disk" DESC`,
  disks: 'SELECT name AS "disk", free_space AS "free", total_space AS "size" FROM system.disks ORDER BY "disk"',
};

/** Choices of the variables: the value, and the text that is shown for it. */
export const variables = {
  host: 'SELECT toString(host) AS value, any(name) AS text FROM hosts GROUP BY host ORDER BY text',
  life: `SELECT toString(life) AS value, concat(vm, ', since ', formatDateTime(started_at, '%F %R')) AS text
    FROM (${sql.lives(OF_HOSTS)}) ORDER BY vm, started_at DESC`,
};
