/**
 * The user who may only read. The engine knows one user, who may do everything, so each of the reader's sessions is made
 * read-only by the engine's own setting, which no statement can then change. That setting leaves some doors open in an
 * engine that is embedded: files by INTO OUTFILE and the function `file`, and statements that are no queries. They are shut
 * here, by the text that the engine's own parser makes of the statement: without comments, and with names spelt one way.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from './credentials.js';
import type { Engine } from './engine.js';
import { ERROR, engineError } from './errors.js';
import { quote } from '../store/quote.js';

/** Most bytes of memory for a statement, and seconds that it may take unless the request says otherwise. */
const MOST_MEMORY = 1024 ** 3;
const LONGEST_SECONDS = 60;

const QUERY = /^(?:WITH|SELECT|SHOW|EXISTS|\()|^DESCRIBE TABLE [\w.`]+$/;
const OPEN_DOORS = /\bOUTFILE\b|\b(?:file|catboostEvaluate)\b["`]?\s*\(|\(\s*(?:DESCRIBE|EXPLAIN)\b/i;

export interface ReadOnlyUser {
  username: string;
  /** Password. Default: one that is made up once and kept in the directory of the data. */
  password?: string | undefined;
}

/** File in the directory of the data that holds the password that was made up. */
export const PASSWORD_FILE = 'reader-password';

/** Resolves to the user with the password that was given, else that of the file, which is made where there is none. */
export async function readOnlyCredentials(
  { username, password }: ReadOnlyUser,
  directory: string,
): Promise<Credentials> {
  if (password !== undefined) return { username, password };
  const file = join(directory, PASSWORD_FILE);
  const made = randomBytes(24).toString('base64url');
  await writeFile(file, made, { mode: 0o600, flag: 'wx' }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
  return { username, password: (await readFile(file, 'utf8')).trim() };
}

/** The preparation of a reader's statement: limits, what the request set, and last what it cannot undo. */
export function readOnlyPreparation(preparation: readonly string[]): string[] {
  return [
    `SET max_execution_time = ${LONGEST_SECONDS}`,
    ...preparation,
    `SET max_memory_usage = ${MOST_MEMORY}, dialect = 'clickhouse', implicit_select = 0, readonly = 1`,
  ];
}

/** Throws EngineError for a statement that is not one query, or reaches out of the engine. */
export async function checkReadOnlyStatement(engine: Engine, sql: string): Promise<void> {
  const { bytes } = await engine.run({
    sql: `SELECT formatQuerySingleLine(${quote(sql)})`,
    format: 'TSVRaw',
    preparation: [],
  });
  const text = Buffer.from(bytes).toString();
  if (!QUERY.test(text.trim()) || OPEN_DOORS.test(text)) {
    throw engineError(ERROR.READONLY, 'Cannot execute query in readonly mode: this user may only read tables');
  }
}
