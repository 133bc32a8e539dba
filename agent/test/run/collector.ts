/** A collector that keeps the largest value of each series, whatever came twice, late or never. */
import { once } from 'node:events';
import { decodeBatch, latencyRow, seriesRow } from '@tcewatch/protocol';
import type { Counter, Span } from '@tcewatch/protocol';
import type { EncodedBatch, Transport, Verdict } from '../../src/transport/transport.js';

export class ModelCollector {
  readonly #series = new Map<string, { vm: string; counter: Counter; window: string; value: number }>();
  readonly #times = new Map<string, { vm: string; span: Span; calls: number; totalUs: number }>();
  readonly #accounts = new Map<string, { counter: string; seen: number; lost: number }>();

  take(bytes: Uint8Array): void {
    const { epoch, vms, series, latencies, accounts } = decodeBatch(bytes);
    for (let i = 0; i < series.length; i++) {
      const { vm, counter, hypercall, scope, liobn, value } = seriesRow(series, i);
      const { life = '', name = '' } = vms[vm] ?? {};
      const key = [epoch, life, counter, hypercall, scope, liobn].join(' ');
      const known = this.#series.get(key)?.value ?? 0;
      const window = scope === 'one' ? String(liobn) : scope;
      this.#series.set(key, { vm: name, counter, window, value: Math.max(known, value) });
    }
    for (let i = 0; latencies && i < latencies.length; i++) {
      const { vm, span, hypercall, bucket, calls, totalUs } = latencyRow(latencies, i);
      const { life = '', name = '' } = vms[vm] ?? {};
      const key = [epoch, life, span, hypercall, bucket].join(' ');
      const known = this.#times.get(key) ?? { calls: 0, totalUs: 0 };
      const most = { calls: Math.max(known.calls, calls), totalUs: Math.max(known.totalUs, totalUs) };
      this.#times.set(key, { vm: name, span, ...most });
    }
    for (const { counter, seen, losses } of accounts) {
      const key = `${epoch} ${counter}`;
      const known = this.#accounts.get(key) ?? { seen: 0, lost: 0 };
      const lost = losses.reduce((sum, { events }) => sum + events, 0);
      this.#accounts.set(key, { counter, seen: Math.max(known.seen, seen), lost: Math.max(known.lost, lost) });
    }
  }

  /** Sums a counter by VM, over all epochs. */
  stored(counter: Counter): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { vm, counter: of, value } of this.#series.values()) {
      if (of === counter) sums[vm] = (sums[vm] ?? 0) + value;
    }
    return sums;
  }

  /** Sums a counter by VM and LIOBN (or scope, where it is not known), over all epochs. */
  storedByLiobn(counter: Counter): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { vm, counter: of, window, value } of this.#series.values()) {
      if (of === counter) sums[`${vm} ${window}`] = (sums[`${vm} ${window}`] ?? 0) + value;
    }
    return sums;
  }

  /** Calls that were timed, by VM, over all epochs. */
  timed(span: Span): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const { vm, span: of, calls } of this.#times.values()) {
      if (of === span) sums[vm] = (sums[vm] ?? 0) + calls;
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

/** Delivers to the model while `isUp`, and else never comes back from its attempt. */
export class ModelTransport implements Transport {
  readonly name = 'model';
  readonly attemptLimits = { batches: 256, bytes: 4 * 1024 * 1024 };
  isUp = true;

  constructor(private readonly collector: ModelCollector) {}

  async deliver(batches: readonly EncodedBatch[], signal: AbortSignal): Promise<Verdict> {
    if (!this.isUp && !signal.aborted) await once(signal, 'abort');
    if (!this.isUp) return { kind: 'retry', afterMs: 0, message: 'down' };
    for (const { bytes } of batches) this.collector.take(bytes);
    return { kind: 'settled', refusals: new Map() };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
