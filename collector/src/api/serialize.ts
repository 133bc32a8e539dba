/** Rows of the store to answers of the read API. Pure; modes are derived by the protocol's one rule. */
import { UNATTRIBUTED_LIFE, UNATTRIBUTED_NAME, deriveModes, enteredEntries } from '@tcewatch/protocol';
import type { CounterValues, Hypercall } from '@tcewatch/protocol';
import type { z } from 'zod';
import { hostProblems } from '../hosts/problems.js';
import { claimants, clockAheadNs } from '../hosts/agent-runs.js';
import type { HostRun } from '../hosts/agent-runs.js';
import type { AccountRow, CountRow, HostRow, LatencyRow, StepRow, VmRow } from '../store/index.js';
import { isoTime } from '../time.js';
import type { accountBody, countsBody, hostBody, latencyBody, stepBody, vmBody } from './schemas.js';

/** `runs` are those of the host. */
export function hostAnswer(row: HostRow, runs: readonly HostRun[], maxClockSkewMs: number): z.infer<typeof hostBody> {
  const { hostId, hostName, intervalNs, readAtNs, problems, ...same } = row;
  const ahead = clockAheadNs(runs);
  return {
    id: hostId,
    name: hostName,
    ...same,
    intervalSeconds: Number(intervalNs) / 1e9,
    readAt: isoTime(readAtNs),
    clockAheadSeconds: ahead === null ? null : Number(ahead) / 1e9,
    claimants: claimants(runs).map(({ name, bootId, run }) => ({ name, bootId, run })),
    problems: [...problems, ...hostProblems(runs, maxClockSkewMs)],
  };
}

export function vmAnswer(row: VmRow): z.infer<typeof vmBody> {
  const { hostId, vm, startedAtNs, facts, evidence, ...same } = row;
  return {
    host: hostId,
    name: vm,
    ...same,
    startedAt: isoTime(startedAtNs),
    evidence: evidence.map((known) => ({ ...known, hypercall: known.hypercall ?? null })),
    facts: facts && {
      ...facts,
      observedAt: isoTime(facts.observedAtNs),
      memlockBytes: facts.memlockBytes?.toString() ?? null,
    },
  };
}

/** One element for each VM, with all its hypercalls. */
export function countsAnswer(counts: readonly CountRow[], vms: readonly VmRow[]): z.infer<typeof countsBody>[] {
  const known = new Map(vms.map((vm) => [`${vm.hostId} ${vm.life}`, vm]));
  const answers = new Map<string, z.infer<typeof countsBody>>();
  for (const { hostId, life, hypercall, counters } of counts) {
    const key = `${hostId} ${life}`;
    const vm = known.get(key);
    const name = vm?.vm ?? (life === UNATTRIBUTED_LIFE ? UNATTRIBUTED_NAME : '');
    const answer = answers.get(key) ?? { host: hostId, life, vm: name, uuid: vm?.uuid ?? '', hypercalls: [] };
    answer.hypercalls.push(figures(hypercall, counters, vm));
    answers.set(key, answer);
  }
  return [...answers.values()];
}

export function stepAnswer({ atNs, hypercall, counters, read }: StepRow, vm: VmRow): z.infer<typeof stepBody> {
  return { at: isoTime(atNs), read, ...figures(hypercall, counters, vm) };
}

export function latencyAnswer(row: LatencyRow, { hostId, life, vm, uuid }: VmRow): z.infer<typeof latencyBody> {
  return { host: hostId, life, vm, uuid, ...row };
}

function figures(hypercall: Hypercall, counters: CounterValues, vm: VmRow | undefined) {
  const modes = deriveModes(hypercall, counters, vm?.evidence ?? []);
  return { hypercall, modes, entries: enteredEntries(hypercall, counters) };
}

export function accountAnswer({ hostId, ...books }: AccountRow): z.infer<typeof accountBody> {
  return { host: hostId, ...books, balanced: books.seen === books.stored + books.lost };
}
