/**
 * The engine of `chdb` on one directory. Each statement has a session of its own: a session runs one statement at a
 * time and remembers settings, so a fresh one (under a millisecond) keeps reads beside inserts and settings apart.
 */
import type { Session } from 'chdb';
import { ERROR, EngineError, engineError } from './errors.js';

/** One statement and what applies to it alone. */
export interface Statement {
  sql: string;
  /** Format of the answer where the statement names none. */
  format: string;
  /** Statements that go before it on its session: settings, parameters, the database. */
  preparation: readonly string[];
}

export interface Answer {
  bytes: Uint8Array;
  /** Rows of the answer. The engine does not tell what it read for it, whatever chdb calls these. */
  rows: number;
  seconds: number;
}

export interface Engine {
  run(statement: Statement): Promise<Answer>;
  /** Resolves when no statement is running and the directory is free. */
  close(): Promise<void>;
}

/** Opens the engine; throws what chdb throws when it cannot be loaded or the directory cannot be had. */
export async function openEngine(directory: string): Promise<Engine> {
  const chdb = await import('chdb');
  // Held open: the engine stops when its last session closes, and starting it again takes a quarter of a second.
  const held = new chdb.Session(directory);
  return {
    run: async (statement) => {
      const session = new chdb.Session(directory);
      try {
        return await runOn(session, statement);
      } finally {
        session.close();
      }
    },
    close: async () => {
      held.close();
      await chdb.drainPending();
    },
  };
}

async function runOn(session: Session, { sql, format, preparation }: Statement): Promise<Answer> {
  try {
    for (const step of preparation) await session.queryAsync(step);
    const result = await session.queryAsync(sql, { format });
    return {
      bytes: result.bytes(),
      rows: result.rowsRead,
      seconds: result.elapsed,
    };
  } catch (error) {
    const { message, clickhouseCode } = error as Error & { clickhouseCode?: number };
    if (clickhouseCode === undefined) throw engineError(ERROR.UNKNOWN_EXCEPTION, message);
    throw new EngineError(clickhouseCode, message, { cause: error });
  }
}
