/**
 * `hist.detail`: counts of what the kernel pairs, besides the plain counts of one plain instance. It is made with that
 * instance, at the same uptime, and ends with it, so that all it counted is of one epoch; where it is lost in between,
 * it is so until the next epoch. Nothing that happens to it touches the plain counts: what stands in its way is a
 * problem, not an error.
 */
import { join } from 'node:path';
import type { Span } from '@tcewatch/protocol';
import { AgentError } from '../../errors.js';
import type { Cell, LatencyCell } from '../../model.js';
import { latenciesOf, liobnsOf } from './detail-counts.js';
import type { DetailCounts } from './detail-counts.js';
import { detailSpec, madeNsOf } from './detail-instance.js';
import type { DetailSpec, ReadTrigger } from './detail-instance.js';
import { HIST } from './instance.js';
import type { HistTable } from './rows.js';
import { findTracefs, heldTriggers, readHist, setTriggers, triggerPath } from '../../tracefs/instances.js';
import type { Place } from '../../tracefs/instances.js';
import type { Tracefs } from '../../tracefs/tracefs.js';

const REMOVED =
  'somebody removed what counts them, and it is made with the next epoch; leave tracefs instances that are named ' +
  'tcewatch-* alone';

export class Detail {
  /** Reason why there is no detail any more. */
  #obstacle: string | undefined;
  /** Reason why there is no detail in this reading. */
  #skipped: string | undefined;
  readonly #tables = new Map<ReadTrigger, HistTable>();

  private constructor(
    private readonly tracefs: Tracefs,
    private readonly tracing: string,
    private readonly kind: DetailSpec,
  ) {}

  /** Makes the detail of the plain instance that was made at `madeNs`, and counts already. */
  static async make({ tracefs, root, size }: Place, madeNs: bigint): Promise<Detail> {
    const tracing = await findTracefs(root, tracefs);
    const detail = new Detail(tracefs, tracing, detailSpec(madeNs));
    await detail.#attempt(() => setUp(tracefs, tracing, detail.kind, size));
    return detail;
  }

  /** Adopts the detail of the plain instance that was made at `madeNs`, if all of it still counts. */
  static async adopt({ tracefs, root }: Place, madeNs: bigint): Promise<Detail | undefined> {
    const tracing = await findTracefs(root, tracefs);
    const kind = detailSpec(madeNs);
    for (const [name, triggers] of kind.instances) {
      const held = await heldTriggers(tracefs, instancePath(tracing, name), triggers);
      if (!held?.every(({ state }) => state === 'active')) return undefined;
    }
    return new Detail(tracefs, tracing, kind);
  }

  /** Problems in words for the operator. */
  get problems(): string[] {
    const obstacle = this.#obstacle ?? this.#skipped;
    if (obstacle !== undefined) return [`LIOBNs of punts and latencies are not told: ${obstacle}`];
    const unpaired = this.tables.reduce((sum, { dropped }) => sum + dropped, 0);
    if (unpaired === 0) return [];
    return [
      `${unpaired} calls found no room in the histograms of hist.detail: they are counted, but not timed or told apart`,
    ];
  }

  /** Tables as they were when they were read: how full they are. */
  get tables(): HistTable[] {
    return [...this.#tables.values()];
  }

  /** Reads latencies; undefined when they cannot be had. Comes first in a reading. */
  async latencies(): Promise<LatencyCell[] | undefined> {
    this.#skipped = undefined;
    const { handled, roundTrips } = this.kind;
    const of = (trigger: ReadTrigger, span: Span) =>
      this.#read(trigger, (text, where) => latenciesOf(text, span, where));
    const cells = await this.#attempt(() => Promise.all([of(handled, 'handled'), of(roundTrips, 'round_trip')]));
    return cells?.flat();
  }

  /** Reads the punted calls whose LIOBN is known; none when they cannot be had. */
  async liobns(): Promise<Cell[]> {
    return (await this.#attempt(() => this.#read(this.kind.liobns, liobnsOf))) ?? [];
  }

  /** Removes the detail; returns what could not be removed. */
  remove(): Promise<string[]> {
    return tearDown(this.tracefs, this.tracing, this.kind);
  }

  async #read<T>(read: ReadTrigger, countsOf: (text: string, where: string) => DetailCounts<T>): Promise<T[]> {
    const { instance, trigger } = read;
    const directory = instancePath(this.tracing, instance);
    const { cells, table } = countsOf(
      await readHist(this.tracefs, directory, trigger),
      `${directory}: ${trigger.event}`,
    );
    if (table.isPaused) throw new AgentError('trigger-paused', `somebody paused the trigger of ${table.event}`);
    this.#tables.set(read, table);
    return cells;
  }

  async #attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    if (this.#obstacle !== undefined) return undefined;
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      // What was torn while it was printed is whole the next time; all else stays as it is.
      if (error.code === 'hist-malformed') this.#skipped = error.message;
      else await this.#giveUp(error.code.endsWith('-removed') ? REMOVED : error.message);
      return undefined;
    }
  }

  async #giveUp(why: string): Promise<void> {
    const left = await this.remove();
    this.#tables.clear();
    this.#obstacle = [why, ...left].join('; ');
  }
}

/**
 * Removes what other agents left, and the detail of the plain instance that was made at `ownNs`, unless `isAdopted`.
 * What belongs to a plain instance that is still there is in use by another agent. Returns what could not be removed.
 */
export async function removeDetails(place: Place, ownNs: bigint, isAdopted: boolean): Promise<string[]> {
  const { tracefs, root } = place;
  const tracing = await findTracefs(root, tracefs);
  const names = await tracefs.list(join(tracing, 'instances'));
  const left = new Set([...names, ...(await syntheticEvents(tracefs, tracing))].map(madeNsOf));
  const problems: string[] = [];
  for (const madeNs of left) {
    if (madeNs === undefined) continue;
    const isUsed = madeNs === ownNs ? isAdopted : names.includes(`${HIST.prefix}-${madeNs}`);
    if (!isUsed) problems.push(...(await tearDown(tracefs, tracing, detailSpec(madeNs))));
  }
  return problems;
}

/** Lists synthetic events, one line each; none where they cannot be had, since then none of ours was made. */
async function syntheticEvents(tracefs: Tracefs, tracing: string): Promise<string[]> {
  try {
    return (await tracefs.read(syntheticPath(tracing))).split('\n');
  } catch (error) {
    if (error instanceof AgentError) return [];
    throw error;
  }
}

async function setUp(tracefs: Tracefs, tracing: string, kind: DetailSpec, size: number): Promise<void> {
  const synthetic = syntheticPath(tracing);
  if (!(await tracefs.exists(synthetic))) {
    throw new AgentError(
      'no-synthetic-events',
      `${synthetic} is not there: it needs Linux 4.17 or later with CONFIG_SYNTH_EVENTS (before 5.10 CONFIG_HIST_TRIGGERS)`,
    );
  }
  for (const [name, fields] of kind.synthetic) await tracefs.append(synthetic, `${name} ${fields}`);
  for (const [name, triggers] of kind.instances) {
    const directory = instancePath(tracing, name);
    await tracefs.make(directory);
    await setTriggers(tracefs, directory, triggers, size);
  }
}

/**
 * Removes everything, the last one first: the kernel keeps what others refer to, instances whose triggers have
 * variables, and events in use.
 */
async function tearDown(tracefs: Tracefs, tracing: string, { instances, synthetic }: DetailSpec): Promise<string[]> {
  const problems: string[] = [];
  for (const [name, triggers] of [...instances].reverse()) {
    const directory = instancePath(tracing, name);
    for (const trigger of [...triggers].reverse()) {
      problems.push(...(await tracefs.removeTriggers(triggerPath(directory, trigger))));
    }
    problems.push(...(await tracefs.removeInstance(directory)));
  }
  for (const name of synthetic.keys()) {
    problems.push(...(await tracefs.removeSyntheticEvent(syntheticPath(tracing), name)));
  }
  return problems;
}

function instancePath(tracing: string, name: string): string {
  return join(tracing, 'instances', name);
}

function syntheticPath(tracing: string): string {
  return join(tracing, 'synthetic_events');
}
