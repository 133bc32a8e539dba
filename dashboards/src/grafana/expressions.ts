/** Macros and variables of Grafana's ClickHouse data source, as expressions for the store's SQL. */
import { sql } from '@tcewatch/collector';

/** The ends of the dashboard's time range. */
export const FROM = "toDateTime64($__fromTime_ms, 9, 'UTC')";
export const TO = "toDateTime64($__toTime_ms, 9, 'UTC')";
export const RANGE = { from: FROM, to: TO };
/** Length of the range in seconds. */
export const RANGE_SECONDS = `(toUnixTimestamp(${TO}) - toUnixTimestamp(${FROM}))`;

const MINUTE = 60;
const HOUR = 3600;

/** Length of a step in seconds: the panel's interval, rounded up to whole minutes or hours, so that rollups can be read. */
export const STEP = `multiIf($__interval_s < ${MINUTE}, $__interval_s, $__interval_s < ${HOUR}, ${whole(MINUTE)}, ${whole(HOUR)})`;
export const STEP_NS = `(toInt64(${STEP}) * 1000000000)`;

/** The range from the beginning of its first step. */
export const STEPS = {
  from: `fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(${FROM}), ${STEP_NS}) * ${STEP_NS}, 'UTC')`,
  to: TO,
  stepNs: STEP_NS,
};

/** Tables by length of step. The conditions are constants, so that ClickHouse reads one of the tables. */
export const SOURCES = sql.STEP_SOURCES.map((source) => {
  const seconds = Number(source.bucketNs / 1_000_000_000n);
  if (seconds === HOUR) return { ...source, when: `$__interval_s >= ${HOUR}` };
  if (seconds === MINUTE) return { ...source, when: `$__interval_s >= ${MINUTE} AND $__interval_s < ${HOUR}` };
  return { ...source, when: `$__interval_s < ${MINUTE}` };
});

/** Conditions that select the hosts and the life that the dashboard's variables name. */
export const OF_HOSTS = 'host IN (${host:sqlstring})';
export const THE_LIFE = 'life = toUUIDOrZero(${life:sqlstring})';
export const OF_LIFE = `host IN (SELECT host FROM vms WHERE ${THE_LIFE}) AND ${THE_LIFE}`;

function whole(seconds: number): string {
  return `intDiv($__interval_s + ${seconds - 1}, ${seconds}) * ${seconds}`;
}
