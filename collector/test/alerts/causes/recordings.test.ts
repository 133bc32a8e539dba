/** Causes on two real hosts, from what the agent made of their recordings. */
import { COUNTERS, hypercallName } from '@tcewatch/protocol';
import type { Batch, Vm } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/alerts/causes/index.js';
import type { FallbackEvidence } from '../../../src/alerts/causes/index.js';
import { wallOf } from '../../../src/alerts/acceleration/descriptors.js';
import type { CallCounts, SeenDescriptors } from '../../../src/alerts/event.js';

/** What is known of a VM between two moments of a recording, in seconds since boot. */
function knownOf(batches: readonly Batch[], name: string, from: number, to: number): FallbackEvidence {
  const at = (seconds: number): Batch => batches.find(({ clock }) => Number(clock.uptimeNs) >= seconds * 1e9)!;
  const [first, last] = [at(from), at(to)];
  const [earlier, later] = [callsOf(first, name), callsOf(last, name)];
  const gained = (key: string): CallCounts => ({
    entered: later(`entered ${key}`) - earlier(`entered ${key}`),
    punted: later(`punted ${key}`) - earlier(`punted ${key}`),
  });
  const names = ['H_PUT_TCE', 'H_PUT_TCE_INDIRECT', 'H_STUFF_TCE'] as const;
  const liobns = ['71000002', '80000000'].map((liobn) => ({ liobn, ...gained(liobn) }));
  return {
    host: last.host,
    vm: vmOf(last, name),
    calls: {
      ...gained('all'),
      seconds: Number(last.clock.uptimeNs - first.clock.uptimeNs) / 1e9,
      hypercalls: Object.fromEntries(names.map((hypercall) => [hypercall, gained(hypercall)])),
      liobns: liobns.filter(({ punted }) => punted > 0),
    },
    before: seenIn(first, name),
    after: seenIn(last, name),
    never: false,
  };
}

function vmOf({ vms }: Batch, name: string): Vm {
  return vms.find((vm) => vm.name === name && !vm.ended)!;
}

function seenIn(batch: Batch, name: string): SeenDescriptors | null {
  const { facts } = vmOf(batch, name);
  return facts?.descriptors ? { ...facts.descriptors, observedAtNs: wallOf(facts.observedNs, batch.clock) } : null;
}

/** By counter and hypercall, counter and LIOBN, and counter alone. */
function callsOf({ vms, series }: Batch, name: string): (key: string) => number {
  const index = vms.findIndex((vm) => vm.name === name && !vm.ended);
  const sums = new Map<string, number>();
  for (let i = 0; i < series.length; i++) {
    if (series.vm[i] !== index) continue;
    const liobn = series.liobn[i]!.toString(16);
    for (const key of [hypercallName(series.hypercall[i]!)!, liobn, 'all']) {
      const counter = `${COUNTERS[series.counter[i]!]!} ${key}`;
      sums.set(counter, (sums.get(counter) ?? 0) + series.value[i]!);
    }
  }
  return (key) => sums.get(key) ?? 0;
}

describe('hot of vfio-7.2, from which a table was taken when a VFIO device came', () => {
  it.each(['hist', 'ring'] as const)('is table-left-kernel-vfio, counted by %s', async (source) => {
    const known = knownOf(await recordedBatches('vfio-7.2', source), 'hot', 258, 405);
    const { cause, facts } = explain(known);
    expect(cause).toMatchObject({ code: 'table-left-kernel-vfio', confidence: 'likely' });
    expect(facts[0]).toMatch(/^QEMU holds 1 TCE table in the kernel \(.*\); at .* it held 2\.$/);
    expect(facts[1]).toMatch(/^QEMU holds VFIO group 2; it did not hold group 2 at .*\.$/);
  });

  it('is liobn-without-table while nothing of before is known, and the LIOBNs of punts are', async () => {
    const known = { ...knownOf(await recordedBatches('vfio-7.2', 'ring'), 'hot', 270, 405), before: null };
    const { cause, facts } = explain(known);
    expect(cause.code).toBe('liobn-without-table');
    expect(facts[0]).toMatch(/^By LIOBN, to userspace went ([0-9,]+) of \1 calls on 0x80000000\.$/);
  });

  it('is unknown while neither is: multi-TCE hypercalls of the other LIOBN are handled', async () => {
    const known = { ...knownOf(await recordedBatches('vfio-7.2', 'hist'), 'hot', 270, 405), before: null };
    expect(known.calls.liobns).toEqual([]);
    expect(explain(known).cause.code).toBe('unknown');
  });
});

describe('l2f of fallback-6.1, whose tables were refused', () => {
  it('is no-in-kernel-table, whose limit of locked memory tells no more', async () => {
    const known = knownOf(await recordedBatches('fallback-6.1'), 'l2f', 350, 420);
    expect(known.vm.facts?.memlockBytes).toBe(8n << 20n);
    const { cause, facts } = explain(known);
    expect(cause).toMatchObject({ code: 'no-in-kernel-table', confidence: 'certain' });
    expect(facts[0]).toMatch(/^QEMU holds no TCE table in the kernel/);
  });
});
