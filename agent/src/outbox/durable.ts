/** The outbox in front of a transport: a backlog, and the pump that empties it. */
import type { EncodedBatch } from '../transport/transport.js';
import { Backlog } from './backlog.js';
import type { BacklogOptions } from './backlog.js';
import type { Outbox, OutboxStats } from './outbox.js';
import { Pump } from './pump.js';
import type { PumpOptions } from './pump.js';

export type DurableOutboxOptions = Omit<BacklogOptions, 'now'> & Omit<PumpOptions, 'backlog'>;

export class DurableOutbox implements Outbox {
  readonly name: string;
  readonly #backlog: Backlog;
  readonly #pump: Pump;
  #isClosed = false;

  constructor(options: DurableOutboxOptions) {
    this.name = options.transport.name;
    this.#backlog = new Backlog({ ...options, now: () => options.pace.now() });
    this.#pump = new Pump({ ...options, backlog: this.#backlog });
  }

  get stats(): OutboxStats {
    return { ...this.#pump.stats, ...this.#backlog.stats };
  }

  get atRisk(): readonly EncodedBatch[] {
    return this.#backlog.atRisk;
  }

  async open(): Promise<string | undefined> {
    const problem = await this.#backlog.open();
    this.#pump.start();
    return problem;
  }

  async send(batch: EncodedBatch): Promise<string | undefined> {
    if (this.#isClosed) return undefined;
    const { waiting, problem } = await this.#backlog.put(batch);
    this.#pump.start(waiting);
    return problem;
  }

  room(signal: AbortSignal): Promise<void> {
    return this.#pump.until(() => this.#backlog.hasRoom, signal);
  }

  drain(signal: AbortSignal): Promise<void> {
    return this.#pump.until(() => this.#backlog.length === 0, signal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#pump.close();
    await this.#backlog.close();
  }
}
