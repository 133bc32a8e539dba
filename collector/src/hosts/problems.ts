/** Problems of a host's key and clock, in words for the operator. Pure. */
import type { HostRun } from './agent-runs.js';
import { claimants, clockAheadNs } from './agent-runs.js';

/** `runs` are those of one host; `maxSkewMs` is what its clock may be off. */
export function hostProblems(runs: readonly HostRun[], maxSkewMs: number): string[] {
  return [...identityProblems(claimants(runs)), ...clockProblems(clockAheadNs(runs), maxSkewMs)];
}

function identityProblems(claiming: readonly HostRun[]): string[] {
  const [first] = claiming;
  if (!first) return [];
  const list = claiming.map(({ name, bootId, run }) => `${name} (boot ${bootId}, run ${run})`).join(' and ');
  if (claiming.every(({ bootId }) => bootId === first.bootId)) {
    return [`${claiming.length} agents count this host at the same time: ${list}; stop all but one`];
  }
  return [
    `${claiming.length} hosts send under the id ${first.hostId} at the same time: ${list}; ` +
      "give each its own (the agent's host.id; clones of one image share /etc/machine-id)",
  ];
}

function clockProblems(aheadNs: bigint | null, maxSkewMs: number): string[] {
  if (aheadNs === null) return [];
  const seconds = Number(aheadNs) / 1e9;
  const by = `${Math.abs(seconds).toFixed(1)} s`;
  if (seconds * 1000 > maxSkewMs) return [`its clock is ${by} ahead of the collector's; set it (NTP)`];
  if (seconds * 1000 < -maxSkewMs) {
    return [`its clock is ${by} behind the collector's, or its readings take that long to arrive; set it (NTP)`];
  }
  return [];
}
