/**
 * The labels by which Alertmanager knows an alert: the same for every event of it, but for a severity that rises, and the
 * same from every collector. Pure.
 */
import type { AlertEvent } from '../model.js';
import { tidyKey } from './wording.js';

export type Labels = Readonly<Record<string, string>>;

/** Names that are the alert's own. */
export const OWN_LABELS = ['alertname', 'severity', 'host', 'host_id', 'vm', 'vm_uuid'] as const;

/** As Prometheus has it; those that begin with two underscores are its own. */
export const LABEL_NAME = /^(?!__)[A-Za-z_]\w*$/;

/** Characters of a value: names are chosen by those who run the VMs. */
const LENGTH = 256;

/** To Alertmanager an empty label is none. */
export function labelsOf({ alert, severity, hostName, hostId, vm }: AlertEvent, extra: Labels): Labels {
  const own: Record<(typeof OWN_LABELS)[number], string> = {
    alertname: alert,
    severity,
    host: tidyKey(hostName, LENGTH),
    host_id: tidyKey(hostId, LENGTH),
    vm: tidyKey(vm?.name ?? '', LENGTH),
    vm_uuid: tidyKey(vm?.uuid ?? '', LENGTH),
  };
  return Object.fromEntries(Object.entries({ ...extra, ...own }).filter(([, value]) => value !== ''));
}

/** The same for the same labels. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
