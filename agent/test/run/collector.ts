/** What a collector makes of batches: of each series the largest value, whatever came twice, late or never. */
import { decodeBatch, latencyRow, seriesRow } from '@tcewatch/protocol';
import type { Counter } from '@tcewatch/protocol';
import type { EncodedBatch, Transport, TransportStats } from '../../src/transport/transport.js';

export class ModelCollector {
  readonly #series = new Map<string, { vm: string; counter: Counter; value: number }>();
  readonly #times = new Map<string, { vm: string; totalUs: number }>();
  readonly #accounts = new Map<string, { counter: string; seen: number; lost: number }>();

  take(bytes: Uint8Array): void {
    const { epoch, vms, series, latencies, accounts } = decodeBatch(bytes);
    for (let i = 0; i < series.length; i++) {
      const { vm, counter, hypercall, scope, liobn, value } = seriesRow(series, i);
      const { life = '', name = '' } = vms[vm] ?? {};
      const key = [epoch, life, counter, hypercall, scope, liobn].join(' ');
      const known = this.#series.get(key)?.value ?? 0;
      this.#series.set(key, { vm: name, counter, value: Math.max(known, value) });
    }
    for (let i = 0; latencies && i < latencies.length; i++) {
      const { vm, span, hypercall, bucket, totalUs } = latencyRow(latencies, i);
      const { life = '', name = '' } = vms[vm] ?? {};
      const key = [epoch, life, span, hypercall, bucket].join(' ');
      const known = this.#times.get(key)?.totalUs ?? 0;
      this.#times.set(key, { vm: name, totalUs: Math.max(known, totalUs) });
    }
    for (const { counter, seen, losses } of accounts) {
      const key = `${epoch} ${counter}`;
      const known = this.#accounts.get(key) ?? { seen: 0, lost: 0 };
      const lost = losses.reduce((sum, { events }) => sum + events, 0);
      this.#accounts.set(key, { counter, seen: Math.max(known.seen, seen), lost: Math.max(known.lost, lost) });
    }
  }

  /** By VM, over all epochs. */
  stored(counter: Counter): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { vm, counter: of, value } of this.#series.values()) {
      if (of === counter) sums[vm] = (sums[vm] ?? 0) + value;
    }
    return sums;
  }

  /** Microseconds that were measured, by VM, over all epochs. */
  measured(): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { vm, totalUs } of this.#times.values()) sums[vm] = (sums[vm] ?? 0) + totalUs;
    return sums;
  }

  /** Over all epochs. */
  account(counter: Counter): { seen: number; lost: number } {
    const all = [...this.#accounts.values()].filter((account) => account.counter === counter);
    return {
      seen: all.reduce((sum, { seen }) => sum + seen, 0),
      lost: all.reduce((sum, { lost }) => sum + lost, 0),
    };
  }
}

/** Delivers to the model while `isUp`; what waits in it dies with the agent. */
export class ModelTransport implements Transport {
  readonly name = 'model';
  isUp = true;
  #waiting: EncodedBatch[] = [];
  #newestDeliveredMs: number | undefined;

  constructor(private readonly collector: ModelCollector) {}

  get stats(): TransportStats {
    return {
      delivered: 0,
      rejected: new Map(),
      retried: 0,
      thinned: 0,
      discarded: 0,
      queuedBatches: this.#waiting.length,
      queuedBytes: 0,
      newestDeliveredMs: this.#newestDeliveredMs,
    };
  }

  send(batch: EncodedBatch): void {
    this.#waiting.push(batch);
    if (!this.isUp) return;
    for (const { bytes, takenMs } of this.#waiting) {
      this.collector.take(bytes);
      this.#newestDeliveredMs = takenMs;
    }
    this.#waiting = [];
  }

  room(): Promise<void> {
    return Promise.resolve();
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
