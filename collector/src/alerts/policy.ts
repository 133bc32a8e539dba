/** Policy: the rules that hold for a host or a VM, and the times in which no new alerts are wanted of it. */
import picomatch from 'picomatch';
import type { Rules } from './rules.js';

/**
 * Choice of hosts and VMs by globs on their names; left out: all. With `vms` it is about VMs and not about hosts
 * themselves.
 */
export interface Selector {
  hosts?: readonly string[] | undefined;
  vms?: readonly string[] | undefined;
}

/** Rules for those that are selected, in place of the general ones. */
export interface Override extends Selector {
  rules: Partial<Rules>;
}

/** Maintenance window. Nanoseconds since 1970; `untilNs` is exclusive. */
export interface Maintenance extends Selector {
  fromNs: bigint;
  untilNs: bigint;
}

export interface Exceptions {
  /** The first that matches wins. */
  overrides?: readonly Override[];
  maintenance?: readonly Maintenance[];
}

export interface Policy {
  /** The rules for a VM, or without one for the host itself. */
  rulesOf(host: string, vm?: string): Readonly<Rules>;
  /** Whether an alert that would fire at this time has to wait. */
  isMaintained(atNs: bigint, host: string, vm?: string): boolean;
}

export function createPolicy(rules: Readonly<Rules>, { overrides = [], maintenance = [] }: Exceptions = {}): Policy {
  const exceptions = overrides.map((override) => ({
    selects: compile(override),
    rules: { ...rules, ...override.rules },
  }));
  const windows = maintenance.map((window) => ({ ...window, selects: compile(window) }));
  return {
    rulesOf: (host, vm) => exceptions.find(({ selects }) => selects(host, vm))?.rules ?? rules,
    isMaintained: (atNs, host, vm) =>
      windows.some(({ fromNs, untilNs, selects }) => fromNs <= atNs && atNs < untilNs && selects(host, vm)),
  };
}

function compile({ hosts, vms }: Selector): (host: string, vm: string | undefined) => boolean {
  const isHost = matcher(hosts);
  if (vms === undefined) return isHost;
  const isVm = matcher(vms);
  return (host, vm) => vm !== undefined && isHost(host) && isVm(vm);
}

/** Names are no paths: `*` stands for any characters, a slash and a leading dot among them. */
function matcher(globs: readonly string[] | undefined): (name: string) => boolean {
  return globs === undefined ? () => true : picomatch([...globs], { dot: true, bash: true });
}
