/**
 * The agent's one loop: source > ledger > batch > outbox, at an interval that does not drift. Knows no clock, no file
 * and no network of its own; a reading that fails is counted and the loop goes on.
 */
import { noTelemetry } from '@tcewatch/opentelemetry';
import type { Telemetry } from '@tcewatch/opentelemetry';
import { encodeBatch } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import type { Logger } from 'pino';
import { buildBatch } from '../batch-builder.js';
import { advance } from '../ledger/advance.js';
import { snapshot } from '../ledger/snapshot.js';
import { emptyLedger } from '../ledger/state.js';
import type { LedgerCaps, LedgerSnapshot } from '../ledger/state.js';
import { expectedEpoch } from '../ledger/epoch.js';
import { AgentError } from '../errors.js';
import type { ErrorCode } from '../errors.js';
import type { Reading, Source } from '../model.js';
import type { Outbox } from '../outbox/outbox.js';
import type { Pace } from '../clock.js';
import type { StateStore } from './state-file.js';

export interface LoopOptions {
  source: Source;
  outbox: Outbox;
  /** Store of what outlives this life of the agent. */
  state: StateStore;
  caps: Readonly<LedgerCaps>;
  intervalMs: number;
  /**
   * What decides when the next reading is due: `interval` for a live host, `source` for one that keeps its own time and
   * comes to an end. Only of the former is a reading tried again, and only the latter waits for the outbox to have
   * room.
   */
  pacedBy: 'interval' | 'source';
  /** UUID text of this life of the agent. */
  run: string;
  pace: Pace;
  log: Logger;
  /** Traces; none by default. */
  telemetry?: Telemetry;
  onBatch?: (batch: Batch) => void;
}

/** State of the loop; read by metrics and health, written by the loop alone. Times are of the pace's clock. */
export interface LoopStatus {
  readings: number;
  /** Readings that could not be had, by the code of the error. */
  failures: Map<ErrorCode, number>;
  /** Time that readings took, from asking the source to handing the batch over. */
  busyMs: number;
  /** Whether the last reading that was tried was had; undefined before the first. */
  up: boolean | undefined;
  /** Time at which a reading was last begun. */
  begunMs: number | undefined;
  /** Newest good reading: when it was had, and what came of it. */
  newest: { takenMs: number; batch: Batch; snapshot: LedgerSnapshot } | undefined;
}

export class ReadingLoop {
  readonly status: LoopStatus = {
    readings: 0,
    failures: new Map(),
    busyMs: 0,
    up: undefined,
    begunMs: undefined,
    newest: undefined,
  };
  #ledger = emptyLedger();
  #resumed = false;
  /**
   * Problems with the batch before. Reported with the next one: when they are known, that at hand is encoded already.
   */
  #afterthoughts: readonly string[] = [];
  #open = false;
  #lastFailure: string | undefined;
  #problems: readonly string[] = [];

  constructor(private readonly options: LoopOptions) {}

  /**
   * Runs until the source ends or the signal is aborted; in the latter case a live host is read once more. Rejects only
   * when a source that keeps its own time cannot be opened: no later moment would be better.
   */
  async run(signal: AbortSignal): Promise<void> {
    try {
      if (this.options.pacedBy === 'source') await this.#followSource(signal);
      else await this.#keepInterval(signal);
    } finally {
      await this.#close();
    }
  }

  async #keepInterval(signal: AbortSignal): Promise<void> {
    const { intervalMs, pace } = this.options;
    const beganMs = pace.now();
    for (;;) {
      const isLast = signal.aborted;
      const more = await this.#read();
      if (!more || isLast) return;
      const slot = Math.floor((pace.now() - beganMs) / intervalMs) + 1;
      await pace.sleep(beganMs + slot * intervalMs - pace.now(), signal);
    }
  }

  async #followSource(signal: AbortSignal): Promise<void> {
    await this.#resume();
    await this.options.source.open();
    this.#open = true;
    const stopped = new Promise<false>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve(false);
      });
    });
    while (!signal.aborted && (await Promise.race([this.#read(), stopped]))) {
      await Promise.race([this.options.outbox.room(signal).catch(() => undefined), stopped]);
    }
  }

  /** Takes one reading; resolves to whether there may be another, and never rejects. */
  async #read(): Promise<boolean> {
    const { source, pace, run, telemetry = noTelemetry } = this.options;
    const begunMs = pace.now();
    this.status.begunMs = begunMs;
    const attributes = { 'tcewatch.source': source.name, 'tcewatch.run': run };
    const span = telemetry.startSpan('reading', { attributes });
    try {
      await this.#resume();
      if (!this.#open) await source.open(expectedEpoch(this.#ledger));
      this.#open = true;
      const reading = await source.next();
      if (reading === undefined) return false;
      await this.#take(reading, span.traceparent);
      span.end();
    } catch (error) {
      this.#fail(error);
      span.end(error instanceof Error ? error.message : String(error));
      // What `open` prepared may be what is gone, so a live source prepares it again.
      if (this.options.pacedBy === 'interval') await this.#close();
    }
    this.status.busyMs += pace.now() - begunMs;
    return true;
  }

  /** Resumes where the agent's last life ended. */
  async #resume(): Promise<void> {
    if (this.#resumed) return;
    this.#resumed = true;
    const { outbox, pace, state } = this.options;
    this.#afterthoughts = present(await outbox.open());
    const kept = await state.load();
    if (!kept) return;
    this.#ledger = kept.ledger;
    for (const batch of kept.unsent) await outbox.send({ ...batch, takenMs: pace.now() });
  }

  /**
   * Makes a batch of a reading. The ledger goes on only once its state is kept: a reading that fails before is as if it
   * had not been.
   */
  async #take(reading: Reading, traceparent: string | undefined): Promise<void> {
    const { caps, run, intervalMs, outbox, pace, state, onBatch } = this.options;
    const problems = [...reading.problems, ...this.#afterthoughts];
    const ledger = advance(this.#ledger, { ...reading, problems }, caps);
    const counted = snapshot(ledger);
    const sequence = this.status.readings + 1;
    const intervalNs = BigInt(Math.round(intervalMs * 1e6));
    const batch = buildBatch({ reading, snapshot: counted, run, sequence, intervalNs, traceparent });
    const takenMs = pace.now();
    const encoded = { bytes: encodeBatch(batch), hostId: batch.host.id, epoch: batch.epoch, takenMs };
    const others = outbox.atRisk.filter(({ epoch }) => epoch !== encoded.epoch);
    const stateProblem = await state.keep({ ledger, unsent: [...others, encoded] });
    this.#ledger = ledger;
    this.status.readings = sequence;
    this.status.up = true;
    this.status.newest = { takenMs, batch, snapshot: counted };
    this.#afterthoughts = present(stateProblem, await outbox.send(encoded));
    this.#logChanges(batch.problems);
    onBatch?.(batch);
  }

  #fail(error: unknown): void {
    const { log, source } = this.options;
    const known = error instanceof AgentError;
    const code: ErrorCode = known ? error.code : 'internal';
    this.status.up = false;
    this.status.failures.set(code, (this.status.failures.get(code) ?? 0) + 1);
    const message = error instanceof Error ? error.message : String(error);
    // The same failure at each interval is one line; the metric counts them.
    const level = message === this.#lastFailure ? 'debug' : known ? 'warn' : 'error';
    log[level]({ source: source.name, code, ...(!known && { err: error }) }, `no reading: ${message}`);
    this.#lastFailure = message;
  }

  #logChanges(problems: readonly string[]): void {
    const { log, source } = this.options;
    if (this.#lastFailure !== undefined) log.info({ source: source.name }, 'reading again');
    this.#lastFailure = undefined;
    for (const problem of problems) if (!this.#problems.includes(problem)) log.warn({ source: source.name }, problem);
    this.#problems = problems;
  }

  async #close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.options.source.close().catch((error: unknown) => {
      this.options.log.warn({ err: error }, `cannot close the source ${this.options.source.name}`);
    });
  }
}

function present(...problems: readonly (string | undefined)[]): string[] {
  return problems.filter((problem) => problem !== undefined);
}
