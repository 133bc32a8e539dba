/** The alerts by name. */

/**
 * Names of alerts, as Alertmanager sees them; each has a page in docs/runbooks. The first two are about a VM, the rest
 * about a host.
 */
export const ALERTS = [
  'TceAccelerationLost',
  'TceNeverAccelerated',
  'TceTelemetrySilent',
  'TceCountsIncomplete',
  'TceDuplicateIdentity',
] as const;
export type AlertName = (typeof ALERTS)[number];
