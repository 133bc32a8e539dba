/**
 * The state file: what the agent keeps for its next life. It holds the ledger, since only that knows whose calls the kernel
 * counted; the batch that reports it, since that is handed to the outbox only after the file is written; and those of
 * earlier epochs that the outbox could not bring to a disk.
 *
 * It is written before each batch whose counts differ from what was written last, because it must know everything that a
 * batch has reported: what a thread counts belongs to whoever has its id at the next reading, and if an id is used again
 * while no agent runs, nobody else can say how much of the count was reported as the former owner's. A host that counts
 * nothing writes nothing. All of it is worth no more than the kernel's histograms, which end with the boot; so it belongs on a
 * tmpfs, nothing is synchronised to a disk, and a torn file after a crash is of another boot anyway.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { decodeCheckpoint, checkpointSchema, encodeCheckpoint } from '../ledger/checkpoint.js';
import type { LedgerState } from '../ledger/state.js';
import { AgentError } from '../errors.js';
import type { EncodedBatch } from '../transport/transport.js';

/** The newest batch of its epoch that no disk is known to hold. */
export type UnsentBatch = Pick<EncodedBatch, 'bytes' | 'hostId' | 'epoch'>;

export interface SavedState {
  ledger: LedgerState;
  unsent: readonly UnsentBatch[];
}

/** Store of the agent's state. `FileState` is a file; `noState` is nowhere. */
export interface StateStore {
  /**
   * Loads the state; undefined when nothing is kept. Throws AgentError `state-unusable` when what is there cannot be
   * used.
   */
  load(): Promise<SavedState | undefined>;
  /**
   * Keeps a state. Once it has resolved, a next life finds either just this or nothing; resolves to the problem in the
   * latter case. Throws AgentError `state-stale` when an older state can neither be replaced nor removed.
   */
  keep(kept: SavedState): Promise<string | undefined>;
}

const FORMAT = 'tcewatch-agent-state';
const VERSION = 2;

const base64 = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));

const schema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  ledger: checkpointSchema,
  unsent: z.array(z.object({ bytes: base64, hostId: z.string(), epoch: z.string() })),
});

/** Store for recordings, which are read again from their beginning. */
export const noState: StateStore = {
  load: () => Promise.resolve(undefined),
  keep: () => Promise.resolve(undefined),
};

/** Store for a live host that is given no directory. */
export const forgetfulState: StateStore = {
  load: () => Promise.resolve(undefined),
  keep: () =>
    Promise.resolve(
      'nothing is kept for a restart of the agent: what the kernel counts between its last reading and the restart will ' +
        'be lost; give a state.directory',
    ),
};

export class FileState implements StateStore {
  readonly #path: string;
  #written: SavedState | undefined;

  constructor(directory: string) {
    this.#path = join(directory, 'ledger.json');
  }

  async load(): Promise<SavedState | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw this.#unusable((error as Error).message, error);
    }
    try {
      const { ledger, unsent } = schema.parse(JSON.parse(text));
      return { ledger: decodeCheckpoint(ledger), unsent };
    } catch (error) {
      const aside = `${this.#path}.unusable`;
      await rename(this.#path, aside).catch(() => undefined);
      throw this.#unusable(`${reasonOf(error)}; it was set aside as ${aside}`, error);
    }
  }

  async keep({ ledger, unsent }: SavedState): Promise<string | undefined> {
    if (this.#written && areSameCounts(this.#written, { ledger, unsent })) return undefined;
    const state = {
      format: FORMAT,
      version: VERSION,
      ledger: encodeCheckpoint(ledger),
      unsent: unsent.map(({ bytes, hostId, epoch }) => ({
        bytes: Buffer.from(bytes).toString('base64'),
        hostId,
        epoch,
      })),
    } satisfies z.input<typeof schema>;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await writeFile(`${this.#path}.new`, JSON.stringify(state), { mode: 0o600 });
      await rename(`${this.#path}.new`, this.#path);
      this.#written = { ledger, unsent };
      return undefined;
    } catch (error) {
      this.#written = undefined;
      return await this.#withdraw(error as Error);
    }
  }

  async #withdraw({ message }: Error): Promise<string> {
    const problem =
      `cannot keep the agent's state in ${this.#path}: ${message}; what the kernel counts between the agent's last ` +
      'reading and a restart of it will be lost; make room there, or give another state.directory';
    await rm(this.#path, { force: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return;
      throw new AgentError('state-stale', `${problem}; an older state is in the way, so nothing is sent`, {
        cause: error,
      });
    });
    return problem;
  }

  #unusable(reason: string, cause: unknown): AgentError {
    return new AgentError(
      'state-unusable',
      `cannot use what an agent kept in ${this.#path}: ${reason}; counting starts from zero, and what the kernel counted since ` +
        'the last reading of that agent is lost',
      { cause },
    );
  }
}

/**
 * Tells whether a next life would resume alike from either: everything else that a ledger holds comes with the next
 * reading.
 */
function areSameCounts(a: SavedState, b: SavedState): boolean {
  return (
    a.ledger.epoch?.id === b.ledger.epoch?.id &&
    a.ledger.handover?.epoch === b.ledger.handover?.epoch &&
    a.unsent.map(({ epoch }) => epoch).join() === b.unsent.map(({ epoch }) => epoch).join() &&
    areSame(a.ledger.cells, b.ledger.cells, (x, y) => x.calls === y.calls && Object.is(x.entries, y.entries)) &&
    areSame(a.ledger.latencyCells, b.ledger.latencyCells, (x, y) => x.calls === y.calls && x.totalUs === y.totalUs) &&
    areSame(a.ledger.owners, b.ledger.owners, (x, y) => x.life === y.life && x.startedNs === y.startedNs)
  );
}

function areSame<K, V>(a: ReadonlyMap<K, V>, b: ReadonlyMap<K, V>, isSame: (x: V, y: V) => boolean): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || !isSame(value, other)) return false;
  }
  return true;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof z.ZodError)) return (error as Error).message;
  const [issue] = error.issues;
  return issue ? `${issue.path.join('.')}: ${issue.message}` : error.message;
}
