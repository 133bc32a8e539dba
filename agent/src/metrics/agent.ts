/** The agent's own health as metrics: readings and ledger. */
import { UNATTRIBUTED_LIFE, COUNTERS } from '@tcewatch/protocol';
import type { Batch, Counter } from '@tcewatch/protocol';
import type { Registry } from 'prom-client';
import type { LoopStatus } from '../run/loop.js';
import { registerDelivery } from './delivery.js';
import type { DeliveryFigures } from './delivery.js';
import { counter, gauge, labelled, single } from './samples.js';

export interface AgentFigures extends DeliveryFigures {
  status: Readonly<LoopStatus>;
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
    name: 'tcewatch_agent_source_up',
    help: 'Whether the last reading that was tried was had: 1, or 0.',
    labels: [],
    samples: () => single(status.up === undefined ? undefined : Number(status.up)),
  });
  gauge(registry, {
    name: 'tcewatch_agent_interval_seconds',
    help: 'The time between readings that the agent is configured for.',
    labels: [],
    samples: () => single(status.newest && Number(status.newest.batch.intervalNs) / 1e9),
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
      const reported = { vms: vms.length, series: series.length, latencies: latencies.length };
      return labelled('of', Object.entries({ ...reported, ...sizes }));
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

function unattributedCalls(batch: Batch): number {
  return sumOf(
    batch,
    'entered',
    batch.vms.findIndex((vm) => vm.life === UNATTRIBUTED_LIFE),
  );
}

/** Sums a counter over all VMs, or of the one with that index. */
function sumOf({ series }: Batch, counter: Counter, vm?: number): number {
  const index = COUNTERS.indexOf(counter);
  return series.value.reduce(
    (sum, value, i) => (series.counter[i] === index && (vm ?? series.vm[i]) === series.vm[i] ? sum + value : sum),
    0,
  );
}
