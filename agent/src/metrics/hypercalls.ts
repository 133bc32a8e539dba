/**
 * The hypercall counters of the newest reading as metrics, so that a site with nothing but Prometheus has the agent's whole
 * use. A figure that nobody can observe has no sample, never a 0; `tcewatch_mode_evidence` says why.
 */
import type { Account, Batch } from '@tcewatch/protocol';
import type { Registry } from 'prom-client';
import { vmFigures } from '../figures/figures.js';
import type { HypercallFigures, VmFigures } from '../figures/figures.js';
import { counter, gauge } from './samples.js';
import type { Sample } from './samples.js';

type Newest = () => Batch | undefined;

/** Registers the metrics; `newest` gives the batch of the newest reading, undefined before the first. */
export function registerHypercalls(registry: Registry, newest: Newest): void {
  const figures = figuresOnce(newest);
  counter(registry, {
    name: 'tcewatch_hypercalls_total',
    help: 'TCE hypercalls of each VM by the mode that completed them, since the epoch began.',
    labels: ['vm', 'uuid', 'hypercall', 'mode', 'evidence'],
    samples: () =>
      perHypercall(figures(), ({ hypercall, modes }) =>
        modes.flatMap(({ mode, calls, evidence }) =>
          calls === null ? [] : [{ labels: { hypercall, mode, evidence }, value: calls }],
        ),
      ),
  });
  counter(registry, {
    name: 'tcewatch_tce_entries_total',
    help: 'TCE entries asked for by the hypercalls that entered the kernel, since the epoch began.',
    labels: ['vm', 'uuid', 'hypercall'],
    samples: () =>
      perHypercall(figures(), ({ hypercall, entries }) =>
        entries === null ? [] : [{ labels: { hypercall }, value: entries }],
      ),
  });
  counter(registry, {
    name: 'tcewatch_issued_hypercalls_total',
    help: 'TCE hypercalls that a guest counted as issued by itself, since the epoch began; of the source guest alone.',
    labels: ['vm', 'uuid', 'hypercall'],
    samples: () =>
      perHypercall(figures(), ({ hypercall, issued }) =>
        issued === null ? [] : [{ labels: { hypercall }, value: issued }],
      ),
  });
  gauge(registry, {
    name: 'tcewatch_mode_evidence',
    help: 'How each figure is known and why; always 1. docs/reference/evidence.md explains the reasons.',
    labels: ['vm', 'uuid', 'hypercall', 'mode', 'evidence', 'reason'],
    samples: () =>
      perHypercall(figures(), ({ hypercall, modes }) =>
        modes.map(({ mode, evidence, reason }) => ({ labels: { hypercall, mode, evidence, reason }, value: 1 })),
      ),
  });
  registerKernel(registry, newest);
  registerDescriptors(registry, newest);
}

function registerKernel(registry: Registry, newest: Newest): void {
  const accounts = (): Account[] => newest()?.accounts ?? [];
  counter(registry, {
    name: 'tcewatch_kernel_events_total',
    help: 'Events that the kernel says it saw since the epoch began, those that it lost included.',
    labels: ['counter'],
    samples: () => accounts().map((account) => ({ labels: { counter: account.counter }, value: account.seen })),
  });
  counter(registry, {
    name: 'tcewatch_lost_events_total',
    help: 'Events that the kernel saw and could not count, since the epoch began.',
    labels: ['counter', 'kind'],
    samples: () =>
      accounts().flatMap((account) =>
        account.losses.map(({ kind, events }) => ({ labels: { counter: account.counter, kind }, value: events })),
      ),
  });
}

/** Registers descriptors of the VMs that run now, if the host lets them be seen. */
function registerDescriptors(registry: Registry, newest: Newest): void {
  const running = (count: (descriptors: { tceTables: number; vfioGroups: number[] }) => number) =>
    (newest()?.vms ?? []).flatMap(({ name, uuid, ended, facts }) =>
      ended || facts?.descriptors === undefined
        ? []
        : [{ labels: { vm: name, uuid }, value: count(facts.descriptors) }],
    );
  gauge(registry, {
    name: 'tcewatch_vm_tce_tables',
    help: 'TCE tables of a running VM that are in the kernel.',
    labels: ['vm', 'uuid'],
    samples: () => running(({ tceTables }) => tceTables),
  });
  gauge(registry, {
    name: 'tcewatch_vm_vfio_groups',
    help: 'VFIO groups that a running VM has open.',
    labels: ['vm', 'uuid'],
    samples: () => running(({ vfioGroups }) => vfioGroups.length),
  });
}

/** Computes the figures once for three metrics of one scrape, and for all scrapes between two readings. */
function figuresOnce(newest: Newest): () => VmFigures[] {
  let of: Batch | undefined;
  let figures: VmFigures[] = [];
  return () => {
    const batch = newest();
    if (batch !== undefined && batch !== of) figures = vmFigures([batch]);
    of = batch;
    return figures;
  };
}

function perHypercall<L extends string>(
  figures: readonly VmFigures[],
  samples: (figures: HypercallFigures) => Sample<L>[],
): Sample<L | 'vm' | 'uuid'>[] {
  return figures.flatMap(({ vm, uuid, hypercalls }) =>
    hypercalls.flatMap((one) => samples(one).map(({ labels, value }) => ({ labels: { vm, uuid, ...labels }, value }))),
  );
}
