/** The agent's own health as metrics: readings, delivery, ledger. */
import { UNATTRIBUTED_LIFE, COUNTERS } from '@tcewatch/protocol';
import type { Batch, Counter } from '@tcewatch/protocol';
import type { Registry } from 'prom-client';
import type { LoopStatus } from '../run/loop.js';
import type { TransportStats } from '../transport/transport.js';
import { counter, gauge, single } from './samples.js';

export interface AgentFigures {
  status: Readonly<LoopStatus>;
  /** Undefined when batches are delivered nowhere. */
  stats: () => Readonly<TransportStats> | undefined;
  /** The clock of the status' times, in milliseconds. */
  now: () => number;
  version: string;
  source: string;
  run: string;
}

export function registerAgent(registry: Registry, figures: AgentFigures): void {
  const { version, source, run } = figures;
  gauge(registry, {
    name: 'tcewatch_agent_info',
    help: 'The agent; always 1.',
    labels: ['version', 'node', 'source', 'run'],
    samples: () => [{ labels: { version, node: process.version, source, run }, value: 1 }],
  });
  registerReadings(registry, figures);
  registerLedger(registry, figures);
  registerDelivery(registry, figures);
}

function registerReadings(registry: Registry, { status, now }: AgentFigures): void {
  counter(registry, {
    name: 'tcewatch_agent_readings_total',
    help: 'Readings taken.',
    labels: [],
    samples: () => single(status.readings),
  });
  counter(registry, {
    name: 'tcewatch_agent_failed_readings_total',
    help: 'Readings that could not be had, by the code of the error.',
    labels: ['code'],
    samples: () => labelled('code', status.failures),
  });
  counter(registry, {
    name: 'tcewatch_agent_reading_seconds_total',
    help: 'Time spent on readings, from asking the source to handing the batch over.',
    labels: [],
    samples: () => single(status.busyMs / 1000),
  });
  gauge(registry, {
    name: 'tcewatch_agent_newest_reading_age_seconds',
    help: 'Time since the newest reading was taken.',
    labels: [],
    samples: () => single(status.newest && (now() - status.newest.takenMs) / 1000),
  });
  gauge(registry, {
    name: 'tcewatch_agent_problems',
    help: 'Things in the way of the newest reading; the log says which.',
    labels: [],
    samples: () => single(status.newest?.batch.problems.length),
  });
}

function registerLedger(registry: Registry, { status }: AgentFigures): void {
  gauge(registry, {
    name: 'tcewatch_agent_ledger_size',
    help: 'What the ledger holds: VMs, series, buckets of latencies, threads whose owner is known, cells of the newest reading.',
    labels: ['of'],
    samples: () => {
      const { newest } = status;
      if (newest === undefined) return [];
      const { vms, series, latencies, sizes } = newest.snapshot;
      const told = { vms: vms.length, series: series.length, latencies: latencies.length };
      return labelled('of', Object.entries({ ...told, ...sizes }));
    },
  });
  counter(registry, {
    name: 'tcewatch_agent_folded_calls_total',
    help: 'Calls that a cap folded together: of further LIOBNs into "other", of further VMs into "unattributed".',
    labels: ['cap'],
    samples: () => {
      const folded = status.newest?.snapshot.folded;
      return folded ? labelled('cap', Object.entries({ liobns: folded.liobnCalls, vms: folded.vmCalls })) : [];
    },
  });
  gauge(registry, {
    name: 'tcewatch_agent_folded_threads',
    help: 'Threads of the newest reading whose owner the cap did not let the ledger remember.',
    labels: [],
    samples: () => single(status.newest?.snapshot.folded.threads),
  });
  counter(registry, {
    name: 'tcewatch_agent_unsized_calls_total',
    help: 'Calls whose entries are not told because the guest passed an implausible number, since the epoch began.',
    labels: ['counter'],
    samples: () => {
      const { newest } = status;
      if (newest === undefined) return [];
      return labelled(
        'counter',
        (['entered', 'punted'] as const).map((of) => [of, sumOf(newest.batch, `${of}_unsized`)]),
      );
    },
  });
  counter(registry, {
    name: 'tcewatch_agent_unattributed_calls_total',
    help: 'Calls of threads that no VM was seen to own, since the epoch began.',
    labels: [],
    samples: () => single(status.newest && unattributedCalls(status.newest.batch)),
  });
}

function registerDelivery(registry: Registry, { stats, now }: AgentFigures): void {
  const each = (name: string, help: string, value: (stats: Readonly<TransportStats>) => number | undefined) => ({
    name,
    help,
    labels: [],
    samples: () => {
      const known = stats();
      return single(known && value(known));
    },
  });
  counter(
    registry,
    each('tcewatch_agent_batches_delivered_total', 'Batches acknowledged.', (s) => s.delivered),
  );
  counter(registry, {
    name: 'tcewatch_agent_batches_rejected_total',
    help: 'Batches refused for good, by the code of the error, or the status of the answer.',
    labels: ['reason'],
    samples: () => labelled('reason', stats()?.rejected ?? []),
  });
  counter(
    registry,
    each('tcewatch_agent_delivery_retries_total', 'Attempts made again.', (s) => s.retried),
  );
  const thinned = 'Intermediate batches dropped from a full queue; a later one contains them.';
  counter(
    registry,
    each('tcewatch_agent_batches_thinned_total', thinned, (s) => s.thinned),
  );
  const discarded = 'Last batches of an epoch dropped from a full queue: their newest counts are gone.';
  counter(
    registry,
    each('tcewatch_agent_batches_discarded_total', discarded, (s) => s.discarded),
  );
  gauge(
    registry,
    each('tcewatch_agent_queue_batches', 'Batches waiting to be delivered.', (s) => s.queuedBatches),
  );
  gauge(
    registry,
    each('tcewatch_agent_queue_bytes', 'Size of the batches waiting.', (s) => s.queuedBytes),
  );
  gauge(
    registry,
    each('tcewatch_agent_newest_delivered_age_seconds', 'Time since the newest delivered reading was taken.', (s) =>
      s.newestDeliveredMs === undefined ? undefined : (now() - s.newestDeliveredMs) / 1000,
    ),
  );
}

function labelled<L extends string>(label: L, values: Iterable<[string, number]>) {
  return [...values].map(([name, value]) => ({ labels: { [label]: name } as Record<L, string>, value }));
}

function unattributedCalls(batch: Batch): number {
  return sumOf(
    batch,
    'entered',
    batch.vms.findIndex((vm) => vm.life === UNATTRIBUTED_LIFE),
  );
}

/** Of all VMs, or of the one with that index. */
function sumOf({ series }: Batch, counter: Counter, vm?: number): number {
  const index = COUNTERS.indexOf(counter);
  return series.value.reduce(
    (sum, value, i) => (series.counter[i] === index && (vm ?? series.vm[i]) === series.vm[i] ? sum + value : sum),
    0,
  );
}
