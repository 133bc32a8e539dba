/** Addresses in notifications: of the runbook, and of the page to look at. Pure. */
import { plainUrl } from '@tcewatch/common';
import { z } from 'zod';
import type { AlertEvent } from '../alerts/event.js';
import { runbookAddress } from '../alerts/table.js';

export interface Links {
  /** Address of the collector's own pages, as people reach it; without a last slash. */
  publicUrl?: string | undefined;
  /** Where there is a page for each alert, with a section for each cause. Default: `<publicUrl>/runbooks`. */
  runbooks?: string | undefined;
  /** Template of the page to look at instead of the collector's own; see {@link PLACEHOLDERS}. */
  dashboard?: string | undefined;
}

/** Milliseconds before an alert fired that one wants to see of it. */
const BEFORE_MS = 15 * 60_000;

/** What `{name}` in a template stands for. */
const PLACEHOLDERS: Readonly<Record<string, (event: AlertEvent) => string>> = {
  alert: ({ alert }) => alert,
  alertId: ({ alertId }) => alertId,
  host: ({ hostId }) => hostId,
  hostName: ({ hostName }) => hostName,
  vm: ({ vm }) => vm?.name ?? '',
  uuid: ({ vm }) => vm?.uuid ?? '',
  life: ({ vm }) => vm?.life ?? '',
  // Milliseconds since 1970, as Grafana takes them.
  from: ({ firedAtNs }) => String(Number(firedAtNs / 1_000_000n) - BEFORE_MS),
};

const PLACEHOLDER = /\{(\w*)\}/g;

/** Names in braces that stand for nothing. */
export function unknownPlaceholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)]
    .map(([, name = '']) => name)
    .filter((name) => !Object.hasOwn(PLACEHOLDERS, name));
}

/** The section `links` of the configuration. */
export const links = z.strictObject({
  runbooks: plainUrl()
    .optional()
    .describe('Where there is a runbook for each alert, if not at `runbooks` below publicUrl.'),
  dashboard: z
    .string()
    .regex(/^https?:\/\//, 'expected a URL such as https://grafana.example/d/tcewatch?var-host={host}&from={from}')
    .superRefine((template, context) => {
      const wrong = unknownPlaceholders(template);
      if (wrong.length === 0) return;
      const known = Object.keys(PLACEHOLDERS).join(', ');
      context.addIssue({ code: 'custom', message: `{${wrong.join('}, {')}} stands for nothing; there are ${known}` });
    })
    .optional()
    .describe(
      "Page to look at for an alert, if not the collector's own: a URL in which {name} stands for one of " +
        `${Object.keys(PLACEHOLDERS).join(', ')}.`,
    ),
});

/** Address of the runbook of an alert; undefined where nobody said where the pages are. */
export function runbookUrl({ publicUrl, runbooks }: Links, { alert, cause }: AlertEvent): string | undefined {
  const pages = runbooks ?? (publicUrl === undefined ? undefined : `${publicUrl}/runbooks`);
  return pages === undefined ? undefined : runbookAddress(pages, alert, cause.code);
}

export function pageUrl({ publicUrl, dashboard }: Links, event: AlertEvent): string | undefined {
  if (dashboard !== undefined) {
    return dashboard.replace(PLACEHOLDER, (_, name: string) => encodeURIComponent(PLACEHOLDERS[name]?.(event) ?? ''));
  }
  if (publicUrl === undefined) return undefined;
  const { vm, hostId } = event;
  return `${publicUrl}/#/${vm ? `vms/${vm.life}` : `hosts/${encodeURIComponent(hostId)}`}`;
}
