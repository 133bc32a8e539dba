import { describe, expect, it } from 'vitest';
import { DEFAULT_CAPS } from '../../src/ledger/state.js';
import { createMetrics } from '../../src/metrics/registry.js';
import { AgentError } from '../../src/errors.js';
import { ReadingLoop } from '../../src/run/loop.js';
import { noState } from '../../src/run/state-file.js';
import type { OutboxStats } from '../../src/outbox/outbox.js';
import { collectLog } from '../log/collect.js';
import { FakePace, FakeSource, KeepingOutbox, RADIX, cell, reading, vm } from '../run/fakes.js';
import type { Step } from '../run/fakes.js';

const never = new AbortController().signal;

/** Metrics of a loop that has gone through the steps; the lines that hold all of the words. */
async function scrapeAfter(steps: Step[], stats?: OutboxStats) {
  const pace = new FakePace();
  const options = {
    outbox: new KeepingOutbox(),
    state: noState,
    caps: { ...DEFAULT_CAPS, liobnsPerVm: 1 },
    intervalMs: 1000,
    pace,
  };
  const { log } = collectLog();
  const source = new FakeSource(steps);
  const loop = new ReadingLoop({ ...options, source, pacedBy: 'interval', run: reading({}).epoch, log });
  if (steps.length > 0) await loop.run(never);
  const now = () => pace.now();
  const about = {
    status: loop.status,
    stats: () => stats,
    now,
    outboxLimit: 100,
    version: '1.2.3',
    source: 'fake',
    run: 'r',
  };
  const metrics = createMetrics(about);
  return async (...words: string[]) =>
    (await metrics.metrics())
      .split('\n')
      .filter((line) => !line.startsWith('#') && words.every((word) => line.includes(word)));
}

const descriptors = { tceTables: 2, vfioGroups: [2, 5] };
const hpt = [
  { mode: 'real' as const, evidence: 'unobservable' as const, reason: 'real-mode-handlers' },
  ...RADIX.slice(1),
];
const full = reading({
  cells: [
    cell(7, 'entered', 10),
    cell(7, 'punted', 4, { scope: 'all', liobn: 0n }),
    cell(7, 'entered', 3, { hypercall: 'H_STUFF_TCE', entries: 1500 }),
    cell(7, 'entered', 5, { liobn: 99n }),
    cell(8, 'entered', 2),
    cell(8, 'entered', 3, { hypercall: 'H_STUFF_TCE', entries: 2 ** 60 }),
    cell(9, 'entered', 1),
  ],
  vms: [{ ...vm(7, 'v'), facts: { observedNs: 1n, descriptors } }, vm(8, 'h"\\\n', hpt)],
  accounts: [
    { counter: 'entered', seen: 22, losses: [{ kind: 'table-full', events: 1 }] },
    { counter: 'punted', seen: 4, losses: [] },
  ],
  problems: ['something'],
});

describe('hypercall metrics', () => {
  it('show the calls of each VM by mode, with what they are known by', async () => {
    const lines = await scrapeAfter([full]);
    expect(await lines('tcewatch_hypercalls_total', 'vm="v"', '"H_PUT_TCE"')).toEqual([
      'tcewatch_hypercalls_total{vm="v",uuid="uuid of v",hypercall="H_PUT_TCE",mode="real",evidence="absent"} 0',
      'tcewatch_hypercalls_total{vm="v",uuid="uuid of v",hypercall="H_PUT_TCE",mode="virtual",evidence="exact"} 11',
      'tcewatch_hypercalls_total{vm="v",uuid="uuid of v",hypercall="H_PUT_TCE",mode="userspace",evidence="exact"} 4',
    ]);
    expect(await lines('tcewatch_tce_entries_total', 'vm="v"', 'STUFF')).toEqual([
      'tcewatch_tce_entries_total{vm="v",uuid="uuid of v",hypercall="H_STUFF_TCE"} 1500',
    ]);
    expect(await lines('tcewatch_hypercalls_total', 'unattributed', '"H_PUT_TCE"', 'virtual')).toEqual([
      expect.stringMatching(/ 1$/),
    ]);
  });

  it('have no sample for what nobody can observe, but its reason', async () => {
    const lines = await scrapeAfter([full]);
    const other = 'vm="h\\"\\\\\\n"';
    expect(await lines('tcewatch_hypercalls_total', other, '"H_PUT_TCE"', 'mode="real"')).toEqual([]);
    expect(await lines('tcewatch_hypercalls_total', other, '"H_PUT_TCE"', 'mode="virtual"')).toHaveLength(1);
    expect(await lines('tcewatch_mode_evidence', other, '"H_PUT_TCE"', 'mode="real"')).toEqual([
      expect.stringContaining('evidence="unobservable",reason="real-mode-handlers"} 1'),
    ]);
  });

  it('show what a guest issued, where one counts itself', async () => {
    const issued = cell(7, 'issued', 12, { scope: 'all', liobn: 0n });
    const lines = await scrapeAfter([reading({ ...full, cells: [...full.cells, issued] })]);
    expect(await lines('tcewatch_issued_hypercalls_total')).toEqual([
      'tcewatch_issued_hypercalls_total{vm="v",uuid="uuid of v",hypercall="H_PUT_TCE"} 12',
    ]);
  });

  it('show what the kernel saw and lost, and descriptors where they could be seen', async () => {
    const lines = await scrapeAfter([full]);
    expect(await lines('tcewatch_kernel_events_total')).toEqual([
      'tcewatch_kernel_events_total{counter="entered"} 22',
      'tcewatch_kernel_events_total{counter="punted"} 4',
    ]);
    expect(await lines('tcewatch_lost_events_total')).toEqual([
      'tcewatch_lost_events_total{counter="entered",kind="table-full"} 1',
    ]);
    expect(await lines('tcewatch_vm_')).toEqual([
      'tcewatch_vm_tce_tables{vm="v",uuid="uuid of v"} 2',
      'tcewatch_vm_vfio_groups{vm="v",uuid="uuid of v"} 2',
    ]);
  });

  it('drop the descriptors of a VM that is gone and keep its counts', async () => {
    const lines = await scrapeAfter([full, reading({ ...full, vms: [] })]);
    expect(await lines('tcewatch_vm_')).toEqual([]);
    expect(await lines('tcewatch_hypercalls_total', 'vm="v"', '"H_PUT_TCE"', 'virtual')).toEqual([
      expect.stringMatching(/ 11$/),
    ]);
  });

  it('are not there before the first reading', async () => {
    const lines = await scrapeAfter([]);
    expect(await lines('tcewatch_hypercalls_total')).toEqual([]);
    expect(await lines('tcewatch_kernel_events_total')).toEqual([]);
    expect(await lines('tcewatch_agent_newest_reading_age_seconds')).toEqual([]);
    expect(await lines('tcewatch_agent_unattributed_calls_total')).toEqual([]);
    expect(await lines('tcewatch_agent_readings_total')).toEqual(['tcewatch_agent_readings_total 0']);
  });
});

describe("the agent's own metrics", () => {
  it('count readings and failures, and show the ledger', async () => {
    const lines = await scrapeAfter([full, new AgentError('permission', 'x'), full]);
    expect(await lines('tcewatch_agent_', 'readings_total')).toEqual([
      'tcewatch_agent_readings_total 2',
      'tcewatch_agent_failed_readings_total{code="permission"} 1',
    ]);
    expect(await lines('tcewatch_agent_ledger_size', 'of="cells"')).toEqual([
      'tcewatch_agent_ledger_size{of="cells"} 7',
    ]);
    expect(await lines('tcewatch_agent_folded_calls_total', 'liobns')).toEqual([
      'tcewatch_agent_folded_calls_total{cap="liobns"} 5',
    ]);
    expect(await lines('tcewatch_agent_unattributed_calls_total')).toEqual([
      'tcewatch_agent_unattributed_calls_total 1',
    ]);
    expect(await lines('tcewatch_agent_unsized_calls_total')).toEqual([
      'tcewatch_agent_unsized_calls_total{counter="entered"} 3',
      'tcewatch_agent_unsized_calls_total{counter="punted"} 0',
    ]);
    expect(await lines('tcewatch_agent_problems')).toEqual(['tcewatch_agent_problems 1']);
    expect(await lines('tcewatch_agent_interval_seconds')).toEqual(['tcewatch_agent_interval_seconds 1']);
    // The last one was taken at 2 s, and the loop has waited one interval more.
    expect(await lines('tcewatch_agent_newest_reading_age_seconds')).toEqual([
      'tcewatch_agent_newest_reading_age_seconds 1',
    ]);
    expect(await lines('tcewatch_agent_info', 'version="1.2.3"', 'source="fake"', 'run="r"')).toHaveLength(1);
    expect(await lines('process_resident_memory_bytes')).toHaveLength(1);
  });

  it('tell whether the last reading was had', async () => {
    const up = async (...steps: Step[]) => (await scrapeAfter(steps))('tcewatch_agent_source_up');
    expect(await up()).toEqual([]);
    expect(await up(full)).toEqual(['tcewatch_agent_source_up 1']);
    expect(await up(full, () => Promise.reject(new Error('x')))).toEqual(['tcewatch_agent_source_up 0']);
  });

  it('show delivery where batches are delivered, and only there', async () => {
    const stats: OutboxStats = {
      delivered: 1,
      rejected: new Map([['401', 2]]),
      retried: 3,
      thinned: 4,
      discarded: 5,
      queuedBatches: 6,
      queuedBytes: 7,
      heldBatches: 8,
      oldestMs: 500,
      diskBytes: 9,
      diskFailures: 10,
      torn: 11,
      corrupt: 12,
      unreadable: 13,
      newestDeliveredMs: 250,
    };
    const lines = await scrapeAfter([full], stats);
    expect([
      ...(await lines('tcewatch_agent_batches_')),
      ...(await lines('tcewatch_agent_delivery_')),
      ...(await lines('tcewatch_agent_outbox_')),
      ...(await lines('tcewatch_agent_newest_delivered_')),
    ]).toEqual([
      'tcewatch_agent_batches_delivered_total 1',
      'tcewatch_agent_batches_thinned_total 4',
      'tcewatch_agent_batches_discarded_total 5',
      'tcewatch_agent_batches_torn_total 11',
      'tcewatch_agent_batches_unreadable_total 13',
      'tcewatch_agent_batches_rejected_total{reason="401"} 2',
      'tcewatch_agent_delivery_retries_total 3',
      'tcewatch_agent_outbox_corrupt_files_total 12',
      'tcewatch_agent_outbox_disk_failures_total 10',
      'tcewatch_agent_outbox_batches 6',
      'tcewatch_agent_outbox_bytes 7',
      'tcewatch_agent_outbox_memory_batches 8',
      'tcewatch_agent_outbox_disk_bytes 9',
      'tcewatch_agent_outbox_limit_bytes 100',
      'tcewatch_agent_outbox_oldest_age_seconds 0.5',
      'tcewatch_agent_newest_delivered_age_seconds 0.75',
    ]);
    const without = await scrapeAfter([full]);
    expect(await without('tcewatch_agent_batches_')).toEqual([]);
    expect(await without('tcewatch_agent_outbox_')).toEqual([]);
  });
});
