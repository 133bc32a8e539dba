/** One threshold of a rule from both sides, and the series that show it. */

/** Series by name, in promtool's notation: one sample a minute, from minute 0 to 120. */
export type Series = Readonly<Record<string, string>>;

export interface Threshold {
  alert: string;
  /** Labels of the rule that tell it from others of its name. */
  labels: Readonly<Record<string, string>>;
  what: string;
  /** Just enough, and the first minute in which the alert then fires. */
  fires: Series;
  inMinute: number;
  /** Just not enough. */
  calm: Series;
}

export const WARNING = { severity: 'warning' };
export const CRITICAL = { severity: 'critical' };

export const AGENT = 'job="tcewatch-agent",instance="h:1"';
export const COLLECTOR = 'job="tcewatch-collector",instance="c:1"';

/** The values of a gauge, or of a counter that stands still. */
export function constant(value: number): string {
  return `${value}x120`;
}

/** The values of a counter that grows by so many each minute. */
export function perMinute(events: number): string {
  return `0+${events}x120`;
}

/** A sample every five minutes for 70 minutes. */
export function rarely(value: number): string {
  return Array.from({ length: 14 }, () => `${value} _x4`).join(' ');
}

/** A metric of the agent, whose interval is in seconds. */
export function agent(metric: string, values: string, interval = 10): Series {
  return {
    [`${metric}{${AGENT}}`]: values,
    [`tcewatch_agent_interval_seconds{${AGENT}}`]: constant(interval),
  };
}

/** A metric of the collector; `labels` begin with a comma. */
export function collector(metric: string, values: string, labels = ''): Series {
  return { [`${metric}{${COLLECTOR}${labels}}`]: values };
}
