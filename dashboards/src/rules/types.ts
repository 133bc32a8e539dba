/** Prometheus rules as data, with the field names of Prometheus' own rule files. */
import type { RuleAlertName } from './alerts.js';

export interface RecordingRule {
  /** `level:metric:operations`. */
  readonly record: string;
  readonly expr: string;
}

export interface AlertingRule {
  readonly alert: RuleAlertName;
  readonly expr: string;
  /** Durations of Prometheus: `5m`. */
  readonly for: string;
  readonly keepFiringFor: string;
  readonly severity: 'warning' | 'critical';
  /** Labels besides `severity` and `cause`. */
  readonly labels?: Readonly<Record<string, string>>;
  /** One sentence for a list of alerts: what happened. */
  readonly summary: string;
  /** A longer text: what happened, with figure and unit, and what it means. */
  readonly description: string;
  /** Label of the cause, where the rule itself shows it; also the anchor in the alert's runbook. */
  readonly cause?: string;
}

export interface Group {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertingRule)[];
}

export function isAlerting(rule: RecordingRule | AlertingRule): rule is AlertingRule {
  return 'alert' in rule;
}
