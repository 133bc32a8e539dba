/** A span for each batch of an attempt, whatever the transport: a part of the trace that the batch itself carries. */
import type { Telemetry } from '@tcewatch/opentelemetry';
import { traceparentOf } from '@tcewatch/protocol';
import type { AttemptLimits, OutgoingBatch, Transport, Verdict } from './transport.js';

export class TracedTransport implements Transport {
  readonly name: string;
  readonly attemptLimits: Readonly<AttemptLimits>;

  constructor(
    private readonly transport: Transport,
    private readonly telemetry: Telemetry,
  ) {
    this.name = transport.name;
    this.attemptLimits = transport.attemptLimits;
  }

  async deliver(batches: readonly OutgoingBatch[], signal: AbortSignal): Promise<Verdict> {
    const attributes = { 'tcewatch.transport': this.name, 'tcewatch.batches': batches.length };
    const spans = batches.map(({ bytes }) => {
      const parent = traceparentOf(bytes);
      return parent === undefined
        ? undefined
        : this.telemetry.startSpan('deliver', { kind: 'producer', parent, attributes });
    });
    const outgoing = batches.map((batch, i) => ({ ...batch, traceparent: spans[i]?.traceparent }));
    const verdict = await this.transport.deliver(outgoing, signal);
    for (const [i, span] of spans.entries()) span?.end(failureOf(verdict, i));
    return verdict;
  }

  close(): Promise<void> {
    return this.transport.close();
  }
}

/** Returns the failure of one batch of the attempt, by its place. */
function failureOf(verdict: Verdict, place: number): string | undefined {
  switch (verdict.kind) {
    case 'settled':
      return verdict.refusals.get(place)?.message;
    case 'retry':
      return verdict.message;
    case 'too-large':
      return 'more than the other side takes at once';
  }
}
