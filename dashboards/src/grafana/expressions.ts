/** What Grafana's ClickHouse data source puts in the place of macros and variables, as the store's SQL takes it. */
import { sql } from '@tcewatch/collector';

/** The ends of the dashboard's time range. */
export const FROM = "toDateTime64($__fromTime_ms, 9, 'UTC')";
export const TO = "toDateTime64($__toTime_ms, 9, 'UTC')";
export const RANGE = { from: FROM, to: TO };
/** Seconds of the range. */
export const RANGE_SECONDS = `(toUnixTimestamp(${TO}) - toUnixTimestamp(${FROM}))`;

const MINUTE = 60;
const HOUR = 3600;

/** Seconds of a step: the panel's interval, made up to whole minutes or hours where it is as long, so that rollups serve. */
export const STEP = `multiIf($__interval_s < ${MINUTE}, $__interval_s, $__interval_s < ${HOUR}, ${whole(MINUTE)}, ${whole(HOUR)})`;
export const STEP_NS = `(toInt64(${STEP}) * 1000000000)`;

/** The range from the beginning of its first step. */
export const STEPS = {
  from: `fromUnixTimestamp64Nano(intDiv(toUnixTimestamp64Nano(${FROM}), ${STEP_NS}) * ${STEP_NS}, 'UTC')`,
  to: TO,
  stepNs: STEP_NS,
};

/** Hours serve steps of whole hours, minutes those of whole minutes; the conditions are constant, so one table is read. */
export const SOURCES = sql.STEP_SOURCES.map((source) => {
  const seconds = Number(source.bucketNs / 1_000_000_000n);
  if (seconds === HOUR) return { ...source, when: `$__interval_s >= ${HOUR}` };
  if (seconds === MINUTE) return { ...source, when: `$__interval_s >= ${MINUTE} AND $__interval_s < ${HOUR}` };
  return { ...source, when: `$__interval_s < ${MINUTE}` };
});

/** Rows of the hosts and of the lives that the variables name. */
export const OF_HOSTS = 'host IN (${host:sqlstring})';
export const THE_LIFE = 'life = toUUIDOrZero(${life:sqlstring})';
export const OF_LIFE = `host IN (SELECT host FROM vms WHERE ${THE_LIFE}) AND ${THE_LIFE}`;

function whole(seconds: number): string {
  return `intDiv($__interval_s + ${seconds - 1}, ${seconds}) * ${seconds}`;
}
