/** VMs of a recording at a moment: its trees are copies of the host at a few moments only. */
import type { ThreadSighting, VmSighting } from '../../model.js';

/** VMs in one tree of a recording. */
export interface VmSnapshot {
  /** Uptime at which the tree was complete: from then on its facts are known. */
  completeNs: bigint;
  vms: readonly VmSighting[];
  /** Problems in reading the tree. */
  problems: readonly string[];
}

/** VMs at one moment, by all trees. */
export interface Shown {
  vms: VmSighting[];
  problems: readonly string[];
}

/**
 * Returns the VMs that are alive at that uptime. What a tree says of descriptors, and that a process is gone, is known
 * once the tree is complete. A thread can never move to another process, so a process of a later tree that has started
 * is there already, without facts; and so are the threads that later trees show of it. `trees` are in order of
 * completion.
 */
export function vmsAt(trees: readonly VmSnapshot[], nowNs: bigint): Shown {
  const latest = trees.findLast(({ completeNs }) => completeNs <= nowNs);
  const alive = new Map(latest?.vms.map((vm) => [vm.life, vm]));
  for (const { completeNs, vms } of trees) {
    if (completeNs <= nowNs) continue;
    for (const vm of vms) {
      if (vm.startedNs <= nowNs && !alive.has(vm.life)) alive.set(vm.life, withoutFacts(vm));
    }
  }
  const vms = [...alive.values()].map((vm) => ({ ...vm, threads: threadsUntil(trees, vm.life, nowNs) }));
  return { vms, problems: latest?.problems ?? [] };
}

function withoutFacts({ life, name, uuid, tgid, startedNs, threads, evidence }: VmSighting): VmSighting {
  return { life, name, uuid, tgid, startedNs, threads, evidence };
}

function threadsUntil(trees: readonly VmSnapshot[], life: string, nowNs: bigint): ThreadSighting[] {
  const threads = new Map<string, ThreadSighting>();
  for (const { vms } of trees) {
    for (const thread of vms.find((vm) => vm.life === life)?.threads ?? []) {
      if (thread.startedNs <= nowNs) threads.set(`${thread.tid} ${thread.startedNs}`, thread);
    }
  }
  return [...threads.values()];
}
