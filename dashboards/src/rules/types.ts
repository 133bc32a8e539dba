/** Prometheus rules as data, in the words of Prometheus' own rule files. */

export interface RecordingRule {
  /** `level:metric:operations`. */
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: string;
  readonly expr: string;
  /** Durations of Prometheus: `5m`. */
  readonly for: string;
  readonly keepFiringFor: string;
  readonly severity: 'warning' | 'critical';
  /** Besides `severity` and `cause`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What happened, for a list of alerts. */
  readonly summary: string;
  /** The same with its figure and unit, and what it means. */
  readonly description: string;
  /** Where the rule itself tells it: a label, and the anchor in the alert's runbook. */
  readonly cause?: string;
}

export interface Group {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

export function isAlerting(rule: RecordingRule | AlertingRule): rule is AlertingRule {
  return 'alert' in rule;
}
