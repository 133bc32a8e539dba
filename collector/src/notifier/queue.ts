/**
 * What waits for one notifier: bounded, in order, tried again when it fails. What fires is told again when nothing waits,
 * so that an alert is not begun anew whose end waits here.
 */
import { inSpans, noTelemetry } from '@tcewatch/opentelemetry';
import type { Telemetry } from '@tcewatch/opentelemetry';
import pRetry, { AbortError } from 'p-retry';
import type { Options as RetryOptions } from 'p-retry';
import type { BaseLogger } from 'pino';
import type { AlertEvent } from '../alerts/event.js';
import type { Notifier } from '../model.js';
import { ReceiverRefusedError } from './receiver.js';

/** `sent`, `retried`, `failed` and `dropped` are of events; `repeated` of what fires, told once more. */
export type NotifyOutcome = 'sent' | 'retried' | 'failed' | 'dropped' | 'repeated';

export interface QueueOptions {
  log: BaseLogger;
  count: (notifier: string, outcome: NotifyOutcome, events: number) => void;
  /** Called with the events that a notifier was told. */
  told: (notifier: string, events: readonly AlertEvent[]) => void;
  /** The newest events of what fires now; must not reject. */
  firing: () => Promise<readonly AlertEvent[]>;
  /** Events that may wait for one notifier; past it the oldest is dropped, and counted. */
  limit?: number;
  /** Default: none. */
  telemetry?: Telemetry;
  retry?: Pick<RetryOptions, 'retries' | 'minTimeout' | 'maxTimeout'>;
  /** Milliseconds; for ages alone. */
  now?: () => number;
}

/** About ten minutes of trying. */
const RETRY = { retries: 15, minTimeout: 1000, maxTimeout: 60_000 };

/** An event, since when it waits, and the traceparent of what it came from. */
interface Waiting {
  event: AlertEvent;
  since: number;
  parent: string | undefined;
}

export class NotifierQueue {
  readonly #waiting: Waiting[] = [];
  /** Time since when the events wait that are being sent. */
  #sending: number | undefined;
  #repeatDue = false;
  #working: Promise<void> | undefined;
  readonly #limit: number;
  readonly #now: () => number;

  constructor(
    readonly notifier: Notifier,
    private readonly signal: AbortSignal,
    private readonly options: QueueOptions,
  ) {
    this.#limit = options.limit ?? 1000;
    this.#now = options.now ?? (() => performance.now());
  }

  push(event: AlertEvent, parent?: string): void {
    const { log, count } = this.options;
    this.#waiting.push({ event, since: this.#now(), parent });
    if (this.#waiting.length > this.#limit) {
      this.#waiting.shift();
      count(this.notifier.name, 'dropped', 1);
      log.error(
        { notifier: this.notifier.name, limit: this.#limit },
        'the oldest notification is dropped: too many wait',
      );
    }
    this.#start();
  }

  /** Tells of all that fires, as soon as nothing waits. */
  repeat(): void {
    this.#repeatDue = true;
    this.#start();
  }

  /** Milliseconds that the oldest event has waited; 0 when none does. */
  age(): number {
    const since = this.#sending ?? this.#waiting[0]?.since;
    return since === undefined ? 0 : this.#now() - since;
  }

  idle(): Promise<void> {
    return this.#working ?? Promise.resolve();
  }

  #start(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0 || this.#repeatDue) {
      if (this.#waiting.length > 0) await this.#send(this.#nextBatch());
      else await this.#tellFiring();
    }
    this.#working = undefined;
  }

  /** Takes what waits, at most one event of each alert, so that a notifier needs no order within a batch. */
  #nextBatch(): Waiting[] {
    const { atOnce = 1 } = this.notifier;
    this.#sending = this.#waiting[0]?.since;
    const alerts = new Set<string>();
    for (const { event } of this.#waiting) {
      if (alerts.size === atOnce || alerts.has(event.alertId)) break;
      alerts.add(event.alertId);
    }
    return this.#waiting.splice(0, alerts.size);
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    const { log, count, told, telemetry = noTelemetry } = this.options;
    const { name } = this.notifier;
    const batch = waiting.map(({ event }) => event);
    const parents = waiting.map(({ parent }) => parent);
    const span = { kind: 'client', parents, attributes: { 'tcewatch.notifier': name } } as const;
    try {
      await inSpans(telemetry, 'notify', span, (own) => this.#insist(batch, own));
      count(name, 'sent', batch.length);
      told(name, batch);
    } catch (error) {
      count(name, 'failed', batch.length);
      log.error({ err: error, notifier: name, steps: stepsOf(batch) }, 'a notification is given up');
    } finally {
      this.#sending = undefined;
    }
  }

  async #insist(batch: readonly AlertEvent[], traceparents: readonly (string | undefined)[]): Promise<void> {
    const { log, count, retry = RETRY } = this.options;
    const { name } = this.notifier;
    await pRetry(() => this.#attempt(batch, traceparents), {
      ...retry,
      signal: this.signal,
      onFailedAttempt: ({ error, retriesLeft }) => {
        if (retriesLeft > 0) count(name, 'retried', batch.length);
        log.warn({ err: error, notifier: name, steps: stepsOf(batch), retriesLeft }, 'a notification failed');
      },
    });
  }

  /**
   * Tries once. Errors are wrapped: p-retry takes a TypeError for a fault of the program and does not retry it, and
   * sockets throw them for bad networks.
   */
  async #attempt(events: readonly AlertEvent[], traceparents?: readonly (string | undefined)[]): Promise<void> {
    try {
      await this.notifier.notify(events, traceparents);
    } catch (cause) {
      const error = new Error(`notifier ${this.notifier.name}: ${(cause as Error).message}`, { cause });
      throw cause instanceof ReceiverRefusedError ? new AbortError(error) : error;
    }
  }

  /** Tells of what fires. What cannot be told now is told with the next repetition. */
  async #tellFiring(): Promise<void> {
    const { log, count, firing } = this.options;
    const { name, atOnce = 1 } = this.notifier;
    this.#repeatDue = false;
    const events = await firing();
    for (let at = 0; at < events.length && !this.signal.aborted; at += atOnce) {
      const batch = events.slice(at, at + atOnce);
      try {
        await this.#attempt(batch);
        count(name, 'repeated', batch.length);
      } catch (error) {
        count(name, 'retried', batch.length);
        log.warn({ err: error, notifier: name, events: events.length - at }, 'what fires could not be told again');
        return;
      }
    }
  }
}

function stepsOf(batch: readonly AlertEvent[]): object[] {
  return batch.map(({ alertId, revision }) => ({ alertId, revision }));
}
