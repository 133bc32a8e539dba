/** Metrics of delivery: what became of the batches, and what still waits in the outbox. */
import type { Registry } from 'prom-client';
import type { OutboxStats } from '../outbox/outbox.js';
import { counter, gauge, labelled, single } from './samples.js';

export interface DeliveryFigures {
  /** Reads the outbox's figures; undefined when batches are delivered nowhere. */
  stats: () => Readonly<OutboxStats> | undefined;
  /** Reads the clock of all times, in milliseconds. */
  now: () => number;
  /** Size that the outbox may take, in bytes. */
  outboxLimit: number;
}

type Figure = readonly [name: string, help: string, value: (stats: Readonly<OutboxStats>) => number | undefined];

const COUNTERS: readonly Figure[] = [
  ['batches_delivered_total', 'Batches acknowledged.', (s) => s.delivered],
  ['delivery_retries_total', 'Attempts made again.', (s) => s.retried],
  [
    'batches_thinned_total',
    'Intermediate batches dropped from a full outbox; a later one contains them.',
    (s) => s.thinned,
  ],
  [
    'batches_discarded_total',
    'Last batches of an epoch dropped from a full outbox: their newest counts are gone.',
    (s) => s.discarded,
  ],
  [
    'batches_torn_total',
    'Batches that a crash had left half written, cut off at the start: the kernel still counts what they held.',
    (s) => s.torn,
  ],
  [
    'batches_unreadable_total',
    'Batches that could not be read from the outbox when they were to be delivered.',
    (s) => s.unreadable,
  ],
  ['outbox_corrupt_files_total', 'Damaged files of the outbox that were found and set aside.', (s) => s.corrupt],
  [
    'outbox_disk_failures_total',
    'Times that the disk failed to take a batch or to let one go; the problems say why.',
    (s) => s.diskFailures,
  ],
];

const GAUGES: readonly Figure[] = [
  ['outbox_batches', 'Batches waiting to be delivered.', (s) => s.queuedBatches],
  ['outbox_bytes', 'Size of the batches waiting.', (s) => s.queuedBytes],
  ['outbox_memory_batches', 'Batches waiting that only memory holds.', (s) => s.heldBatches],
  ['outbox_disk_bytes', "Size of the outbox's files, with what is not freed yet.", (s) => s.diskBytes],
];

export function registerDelivery(registry: Registry, { stats, now, outboxLimit }: DeliveryFigures): void {
  const definition = ([name, help, value]: Figure) => ({
    name: `tcewatch_agent_${name}`,
    help,
    labels: [],
    samples: () => {
      const known = stats();
      return single(known && value(known));
    },
  });
  const ages: readonly Figure[] = [
    ['outbox_oldest_age_seconds', 'Time since the oldest reading that waits was taken.', (s) => age(s.oldestMs, now())],
    [
      'newest_delivered_age_seconds',
      'Time since the newest delivered reading was taken.',
      (s) => age(s.newestDeliveredMs, now()),
    ],
  ];
  const limit: Figure = [
    'outbox_limit_bytes',
    'What the outbox may take; beyond that the past is thinned.',
    () => outboxLimit,
  ];
  for (const figure of COUNTERS) counter(registry, definition(figure));
  for (const figure of [...GAUGES, limit, ...ages]) gauge(registry, definition(figure));
  counter(registry, {
    name: 'tcewatch_agent_batches_rejected_total',
    help: 'Batches refused for good, by the code of the error, or the status of the answer.',
    labels: ['reason'],
    samples: () => labelled('reason', stats()?.rejected ?? []),
  });
}

function age(takenMs: number | undefined, nowMs: number): number | undefined {
  return takenMs === undefined ? undefined : (nowMs - takenMs) / 1000;
}
