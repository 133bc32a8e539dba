/**
 * Every threshold of the Prometheus rules and of the panels, in one table. The first are the defaults of the collector's
 * detector: neither Prometheus nor Grafana knows how a collector is configured. Times are in seconds.
 */
import { DEFAULT_RULES } from '@tcewatch/collector';

const seconds = (ns: bigint): number => Number(ns / 1_000_000_000n);

/** Defaults of the detector. */
export const DETECTOR = {
  minShare: DEFAULT_RULES.minShare,
  criticalShare: DEFAULT_RULES.criticalShare,
  minRate: DEFAULT_RULES.minRate,
  minRateBlind: DEFAULT_RULES.minRateBlind,
  silentAfter: seconds(DEFAULT_RULES.silentAfterNs),
  forgetAfter: seconds(DEFAULT_RULES.forgetAfterNs),
} as const;

/**
 * Calls that show that the kernel has handled some of a VM. A call in flight is counted as entered and not yet as punted,
 * so a VM whose every call is punted shows some as handled: no more than it has vCPUs.
 */
export const HANDLED_CALLS = 100;

/** Intervals of an agent without a reading, and without a delivery; each at least so many seconds. */
export const READING_OVERDUE = { intervals: 5, atLeast: 60 } as const;
export const DELIVERY_OVERDUE = { intervals: 5, atLeast: 120 } as const;

/** An outbox that will be full within so many seconds, if it holds more than this share of its limit already. */
export const OUTBOX_FULL = { within: 4 * 3600, fromShare: 0.25 } as const;
/** Age of the oldest reading in an outbox. */
export const OUTBOX_OLD = 6 * 3600;
/** Share of its limit from which on an outbox is marked in the dashboards. */
export const OUTBOX_MARKED_SHARE = 0.8;

/** Age of the newest stored reading of a host; twice what the detector waits for, which tells more. */
export const READING_STALE = 2 * DETECTOR.silentAfter;
/** Share of the hosts whose readings are stale from which on the pipeline is to blame. */
export const STALE_SHARE = 0.25;

/** Age of the oldest notification that waits: one takes milliseconds where nothing is wrong. */
export const NOTIFICATION_OVERDUE = 120;

/** Seconds that collectors would need, at their speed, for what is in Kafka. */
export const KAFKA_BEHIND = 300;

/**
 * Restarts within an hour. `increase` extrapolates to the ends of the hour, so 1 may read 1.2: the thresholds lie between
 * whole numbers.
 */
export const CLICKHOUSE_RESTARTS = 1.5;
export const CONSUMER_RESTARTS = 3.5;

/** Failures a second that mark a panel: any at all. */
export const ANY_FAILURE = 0.001;
