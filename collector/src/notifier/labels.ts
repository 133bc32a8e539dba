/**
 * The labels by which Alertmanager knows an alert: the same for every event of it, but for a severity that rises, and the
 * same from every collector. Pure.
 */
import { z } from 'zod';
import type { AlertEvent } from '../alerts/event.js';
import { tidyKey } from './wording.js';

export type Labels = Readonly<Record<string, string>>;

/** Names that are the alert's own. */
export const OWN_LABELS = ['alertname', 'severity', 'host', 'host_id', 'vm', 'vm_uuid'] as const;

/** Name of a label, as Prometheus has it; those that begin with two underscores are its own. */
export const LABEL_NAME = /^(?!__)[A-Za-z_]\w*$/;

/** Characters of a value: names are chosen by those who run the VMs. */
const LENGTH = 256;

const ownLabels: readonly string[] = OWN_LABELS;

/** Labels that the configuration adds to every alert. */
export const extraLabels = z.record(z.string(), z.string().max(256)).superRefine((given, context) => {
  for (const name of Object.keys(given)) {
    const refuse = (message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (ownLabels.includes(name)) refuse(`is one of the alert's own labels: ${ownLabels.join(', ')}`);
    else if (!LABEL_NAME.test(name)) refuse('is no name of letters, digits and _, without a digit or __ in front');
  }
});

/** Labels of an alert, with those of the configuration. Empty ones are left out: to Alertmanager they are none. */
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

/** Key that is the same for the same labels. */
export function labelsKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
