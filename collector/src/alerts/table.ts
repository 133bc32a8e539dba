/**
 * The table of alerts: a row for each that the collector can raise. Names, labels, links to runbooks, the read API's
 * schema, the guide and the dashboards take them from here. To add an alert is to add a row, the file that raises it, its
 * causes (`causes/index.ts`) and its page in docs/runbooks; the compiler and the tests ask for the last two.
 */

/** Severities from the lowest to the highest. */
export const SEVERITIES = ['warning', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

interface AlertDefinition {
  /** Name as Alertmanager sees it. */
  name: `Tce${string}`;
  /** What one alert is about. */
  subject: 'vm' | 'host';
  /** Severities that it can have. */
  severities: readonly Severity[];
  /** When it fires, in words that follow "fires when". */
  meaning: string;
  /** Thresholds that decide when it fires and resolves, as paths of the configuration. */
  settings: readonly `detector.${string}`[];
}

const FALLBACK_SETTINGS = [
  'detector.minShare',
  'detector.clearShare',
  'detector.criticalShare',
  'detector.minRate',
  'detector.minRateBlind',
  'detector.for',
  'detector.keepFiringFor',
] as const;

const ROWS = [
  {
    name: 'TceAccelerationLost',
    subject: 'vm',
    severities: SEVERITIES,
    meaning: 'its hypercalls go to userspace, and the kernel was seen to handle calls of this life of it',
    settings: FALLBACK_SETTINGS,
  },
  {
    name: 'TceNeverAccelerated',
    subject: 'vm',
    severities: SEVERITIES,
    meaning: 'its hypercalls go to userspace, and the kernel was not seen to handle any call of this life of it',
    settings: FALLBACK_SETTINGS,
  },
  {
    name: 'TceTelemetrySilent',
    subject: 'host',
    severities: ['warning'],
    meaning: 'nothing comes from its agent, or from the agent in a guest while its host still sees the VM run',
    settings: ['detector.silentAfter', 'detector.forgetAfter'],
  },
  {
    name: 'TceCountsIncomplete',
    subject: 'host',
    severities: ['warning'],
    meaning: 'its agent goes on declaring that calls were lost to the counts',
    settings: ['detector.for', 'detector.keepFiringFor'],
  },
  {
    name: 'TceDuplicateIdentity',
    subject: 'host',
    severities: ['warning'],
    meaning: 'several agents send under its id at the same time: two hosts with one id, or two agents on one',
    settings: [],
  },
] as const satisfies readonly AlertDefinition[];

export type AlertName = (typeof ROWS)[number]['name'];

/** An alert of the table. */
export interface AlertRow extends AlertDefinition {
  name: AlertName;
}

/** Every alert, those about a VM first. */
export const ALERTS: readonly AlertRow[] = ROWS;

/** The names of all alerts, in the order of {@link ALERTS}. */
export const ALERT_NAMES: readonly AlertName[] = ROWS.map(({ name }) => name);

/**
 * Address of the runbook of an alert, the collector's or one of the Prometheus rules, at the section of a cause where there
 * is one. `pages` is the address of all runbooks, without a last slash.
 */
export function runbookAddress(pages: string, alert: string, cause?: string): string {
  return `${pages}/${alert}${cause === undefined ? '' : `#${cause}`}`;
}
