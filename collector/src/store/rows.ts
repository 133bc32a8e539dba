/** Rows of what a batch tells besides counters, of alert events and of notifications. Pure. */
import { NIL_UUID } from '@tcewatch/protocol';
import type { Account, Batch, Facts, LossKind, ModeEvidence, Vm } from '@tcewatch/protocol';
import type { HostRun } from '../hosts/agent-runs.js';
import type { AlertEvent } from '../alerts/event.js';
import type { Notification } from '../model.js';
import { clampTime, formatTime } from './times.js';

/** Row of `host_readings`. */
export function hostReadingRow(batch: Batch): object {
  return {
    host: batch.host.id,
    at: formatTime(batch.clock.wallNs),
    run: batch.run,
    sequence: batch.sequence,
    boot_id: batch.bootId,
    epoch: batch.epoch,
    uptime_ns: String(batch.clock.uptimeNs),
    interval_ns: String(batch.intervalNs),
    name: batch.host.name,
    kernel: batch.host.kernel,
    cpu: batch.host.cpu,
    platform: batch.host.platform,
    agent_version: batch.host.agentVersion,
    source: batch.host.source,
    problems: batch.problems,
  };
}

/** Row of `host_runs`. */
export function hostRunRow(run: HostRun): object {
  return {
    host: run.hostId,
    slot: String(run.slotNs / 1_000_000_000n),
    boot_id: run.bootId,
    run: run.run,
    name: run.name,
    booted_first: String(run.bootedFirstNs),
    booted_last: String(run.bootedLastNs),
    uptime_first: String(run.uptimeFirstNs),
    uptime_last: String(run.uptimeLastNs),
    delay: String(run.delayNs),
  };
}

/** Row of `accounts`. */
export function accountRow(batch: Batch, account: Account): object {
  const lost = (kind: LossKind): number =>
    account.losses.filter((loss) => loss.kind === kind).reduce((sum, loss) => sum + loss.events, 0);
  return {
    host: batch.host.id,
    counter: account.counter,
    epoch: batch.epoch,
    at: formatTime(batch.clock.wallNs),
    seen: account.seen,
    table_full: lost('table-full'),
    overwritten: lost('overwritten'),
    dropped: lost('dropped'),
    unreported: lost('unreported'),
  };
}

/** Row of `vms`. */
export function vmRow(batch: Batch, vm: Vm): object {
  return {
    host: batch.host.id,
    life: vm.life,
    name: vm.name,
    uuid: vm.uuid,
    tgid: vm.tgid,
    started_at: formatTime(wallTime(batch, vm.startedNs)),
    evidence: vm.evidence.map(evidenceRow),
    at: formatTime(batch.clock.wallNs),
  };
}

function evidenceRow({ mode, hypercall, evidence, reason }: ModeEvidence): object {
  return { mode, hypercall: hypercall ?? 'all', evidence, reason };
}

/** Row of `vm_facts`. */
export function factsRow(batch: Batch, vm: Vm): object {
  const { facts } = vm;
  return {
    host: batch.host.id,
    life: vm.life,
    at: formatTime(batch.clock.wallNs),
    ended: vm.ended,
    observed_at: facts ? formatTime(wallTime(batch, facts.observedNs)) : null,
    ...(facts && shownBy(facts)),
  };
}

/** The columns of `vm_facts` that facts change. */
function shownBy(facts: Facts): object {
  return {
    tce_tables: facts.descriptors?.tceTables ?? null,
    vfio_groups: facts.descriptors?.vfioGroups ?? [],
    memlock: facts.memlockBytes === undefined ? null : String(facts.memlockBytes),
    qemu: facts.qemu ?? null,
    libvirt_domain: facts.libvirtDomain ?? null,
    pod_uid: facts.podUid ?? null,
    mmu: facts.mmu ?? null,
    vcpus: facts.vcpus ?? null,
  };
}

/** Differs when the row of `vms` would say something new; times derived from two clocks wander and are left out. */
export function identityOf(vm: Vm): string {
  return JSON.stringify([vm.name, vm.uuid, vm.tgid, String(vm.startedNs), vm.evidence.map(evidenceRow)]);
}

/** Differs when the row of `vm_facts` would say something new; undefined when there is nothing to say. */
export function factsOf(vm: Vm): string | undefined {
  if (!vm.facts && !vm.ended) return undefined;
  return JSON.stringify([vm.ended, vm.facts && shownBy(vm.facts)]);
}

/** Row of `alert_events`. */
export function alertRow(event: AlertEvent, storedNs: bigint): object {
  return {
    stored_at: formatTime(storedNs),
    alert_id: event.alertId,
    alert: event.alert,
    severity: event.severity,
    state: event.state,
    revision: event.revision,
    at: formatTime(event.atNs),
    host: event.hostId,
    host_name: event.hostName,
    life: event.vm?.life ?? NIL_UUID,
    vm: event.vm?.name ?? '',
    uuid: event.vm?.uuid ?? '',
    fired_at: formatTime(event.firedAtNs),
    resolved_at: event.resolvedAtNs === null ? null : formatTime(event.resolvedAtNs),
    cause: event.cause.code,
    confidence: event.cause.confidence,
    cause_summary: event.cause.summary,
    cause_advice: event.cause.advice,
    impact: JSON.stringify(event.impact),
    evidence: JSON.stringify(event.evidence, (_key, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    ),
  };
}

/** Row of `notifications`. */
export function notificationRow({ hostId, alertId, revision, notifier, atNs }: Notification): object {
  return { host: hostId, alert_id: alertId, revision, notifier, at: formatTime(atNs) };
}

/** Columns of host, alert and revision in the row that says since when there is a notifier. */
export const NO_ALERT = { hostId: '', alertId: NIL_UUID, revision: 0 } as const;

/** Time since boot to time since 1970, by the clocks of the batch. */
function wallTime(batch: Batch, sinceBootNs: bigint): bigint {
  return clampTime(batch.clock.wallNs - batch.clock.uptimeNs + sinceBootNs);
}
