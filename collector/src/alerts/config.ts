/** Settings of the detector, and how they become its rules. */
import { duration } from '@tcewatch/common';
import { z } from 'zod';
import { createPolicy } from './policy.js';
import type { Maintenance, Override, Policy } from './policy.js';
import { DEFAULT_RULES } from './rules.js';
import type { Rules } from './rules.js';

const share = z.number().min(0).max(1);
const rate = z.number().min(0);
const globs = z.array(z.string().min(1).max(256)).min(1).max(1000);

const thresholds = {
  minShare: share.describe(
    "Least share of a VM's calls, or of one of its LIOBNs', that must go to userspace for an alert.",
  ),
  clearShare: share.describe('Share below which the calls of an alert that fires count as handled again.'),
  criticalShare: share.describe('Least share for the severity critical; below it an alert is a warning.'),
  minRate: rate.describe('Least calls a second that must go to userspace for an alert.'),
  minRateBlind: rate.describe('The same for VMs whose real mode cannot be observed: there the share says nothing.'),
  for: duration().describe('How long that must hold before an alert fires; also losses, for TceCountsIncomplete.'),
  keepFiringFor: duration().describe('How long it must not hold before the alert resolves.'),
  silentAfter: duration().describe(
    'How long nothing must come from a host for TceTelemetrySilent; at least 3 intervals.',
  ),
  forgetAfter: duration().describe('How long a host must be silent to be taken for removed: then its alerts resolve.'),
};

const selector = {
  hosts: globs.optional().describe('Globs on names of hosts; left out: all hosts.'),
  vms: globs.optional().describe('Globs on names of VMs; left out: all VMs and the hosts themselves.'),
};

const maintenance = z
  .strictObject({
    from: z.iso.datetime({ offset: true }).describe('Beginning, ISO 8601 with Z or an offset.'),
    until: z.iso.datetime({ offset: true }).describe('End, exclusive.'),
    ...selector,
  })
  .refine(({ from, until }) => Date.parse(from) < Date.parse(until), {
    error: 'must be later than `from`',
    path: ['until'],
  });

const override = z
  .strictObject({
    ...selector,
    enabled: z.boolean().default(true).describe('False: no alerts at all.'),
    ...z.object(thresholds).partial().shape,
  })
  .refine(({ hosts, vms }) => hosts !== undefined || vms !== undefined, {
    error: 'needs `hosts` or `vms`: for all of them set the thresholds of `detector` itself',
  });

export const detector = z
  .strictObject({
    minShare: thresholds.minShare.default(DEFAULT_RULES.minShare),
    clearShare: thresholds.clearShare.default(DEFAULT_RULES.clearShare),
    criticalShare: thresholds.criticalShare.default(DEFAULT_RULES.criticalShare),
    minRate: thresholds.minRate.default(DEFAULT_RULES.minRate),
    minRateBlind: thresholds.minRateBlind.default(DEFAULT_RULES.minRateBlind),
    for: thresholds.for.prefault(written(DEFAULT_RULES.forNs)),
    keepFiringFor: thresholds.keepFiringFor.prefault(written(DEFAULT_RULES.keepFiringForNs)),
    silentAfter: thresholds.silentAfter.prefault(written(DEFAULT_RULES.silentAfterNs)),
    forgetAfter: thresholds.forgetAfter.prefault(written(DEFAULT_RULES.forgetAfterNs)),
    maintenance: z
      .array(maintenance)
      .max(1000)
      .default([])
      .describe('Times in which no new alert fires of those hosts and VMs, by the clock of the host.'),
    overrides: z
      .array(override)
      .max(1000)
      .default([])
      .describe('Thresholds for some hosts or VMs; the first that matches is taken, and only it.'),
  })
  .superRefine((given, context) => {
    for (const [i, own] of [given, ...given.overrides].entries()) {
      const { minShare, clearShare, criticalShare } = { ...given, ...stated(own) };
      const path = i === 0 ? [] : ['overrides', i - 1];
      if (clearShare > minShare) {
        const message = `must not be larger than minShare (${minShare}), else an alert resolves while it fires`;
        context.addIssue({ code: 'custom', path: [...path, 'clearShare'], message });
      }
      if (criticalShare < minShare) {
        const message = `must not be smaller than minShare (${minShare})`;
        context.addIssue({ code: 'custom', path: [...path, 'criticalShare'], message });
      }
    }
  });

export type DetectorConfig = z.output<typeof detector>;

/** Which rules hold for whom, by the configuration. */
export function policyOf(config: DetectorConfig): Policy {
  return createPolicy(rulesOf(config), { overrides: overridesOf(config), maintenance: maintenanceOf(config) });
}

function rulesOf(config: DetectorConfig): Rules {
  const { minShare, clearShare, criticalShare, minRate, minRateBlind } = config;
  return {
    enabled: true,
    minShare,
    clearShare,
    criticalShare,
    minRate,
    minRateBlind,
    forNs: nanoseconds(config.for),
    keepFiringForNs: nanoseconds(config.keepFiringFor),
    silentAfterNs: nanoseconds(config.silentAfter),
    forgetAfterNs: nanoseconds(config.forgetAfter),
  };
}

function overridesOf(config: DetectorConfig): Override[] {
  return config.overrides.map(({ hosts, vms, enabled, ...own }) => ({
    hosts,
    vms,
    rules: { ...rulesOf({ ...config, ...stated(own) }), enabled },
  }));
}

function maintenanceOf({ maintenance }: DetectorConfig): Maintenance[] {
  return maintenance.map(({ from, until, hosts, vms }) => ({
    fromNs: nanoseconds(Date.parse(from)),
    untilNs: nanoseconds(Date.parse(until)),
    hosts,
    vms,
  }));
}

/** Leaves out the keys that are undefined. */
function stated<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** A number of seconds as the configuration has it: in days where they are whole. */
function written(ns: bigint): string {
  const seconds = ns / 1_000_000_000n;
  return seconds % 86_400n === 0n ? `${seconds / 86_400n}d` : `${seconds}s`;
}

function nanoseconds(milliseconds: number): bigint {
  return BigInt(milliseconds) * 1_000_000n;
}
