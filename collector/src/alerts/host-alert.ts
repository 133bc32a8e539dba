/** What alerts about a host have in common when they fire. */
import type { AlertEvent, Cause, Severity } from '../model.js';

interface Fired extends Pick<AlertEvent, 'alertId' | 'alert' | 'hostId' | 'hostName' | 'atNs'> {
  severity?: Severity;
  cause: Cause;
  facts: readonly string[];
}

export function aboutHost({ severity = 'warning', cause, facts, ...event }: Fired): AlertEvent {
  return {
    ...event,
    severity,
    state: 'firing',
    revision: 0,
    firedAtNs: event.atNs,
    resolvedAtNs: null,
    vm: null,
    cause,
    impact: null,
    evidence: { facts, calls: null, before: null, after: null },
  };
}
