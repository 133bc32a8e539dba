/**
 * Brings the schema of a database up to date. Each file of `collector/migrations` is applied once, in the order of its
 * number, and never changed afterwards. Every statement in them can be repeated at any time, after later ones too, and
 * then changes nothing: so two collectors may start at once, and one that died half-way starts again, without a lock.
 */
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import type { BaseLogger } from 'pino';
import { StoreError } from '../../model.js';
import type { ClickHouse } from '../client.js';

export interface Migration {
  /** Unique and ascending, the number at the front of the file's name. */
  version: number;
  name: string;
  statements: string[];
  checksum: string;
}

/** Form in which the statements of migrations, which are plain SQL, are put to ClickHouse. */
export interface Schema {
  /** Statements that take the place of one. */
  statements(statement: string): string[];
  /** Statement that takes the place of the one that creates the record of migrations. */
  record(statement: string): string;
  /** The beginning of a statement that alters a table of rows. */
  alter(table: string): string;
}

/** One server, or a database with an engine that replicates by itself. */
export const PLAIN: Schema = {
  statements: (statement) => [statement],
  record: (statement) => statement,
  alter: (table) => `ALTER TABLE ${table}`,
};

/** Folder of the migrations, found from `src` and from `dist` alike. */
const FOLDER = new URL('../../../migrations/', import.meta.url);

/** The record of what was applied. */
export const RECORD = `CREATE TABLE IF NOT EXISTS migrations
(version UInt32, name String, checksum String, applied_at DateTime DEFAULT now())
ENGINE = ReplacingMergeTree ORDER BY version`;

/** The migrations that this collector knows, in order. */
export async function readMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(new URL(name, folder), 'utf8');
      return {
        version: Number.parseInt(name, 10),
        name: name.replace(/\.sql$/, ''),
        // The dialect of the files: a statement ends with a semicolon at the end of a line, and nothing else does.
        statements: sql.split(/;\s*$/m).filter((statement) => statement.trim() !== ''),
        checksum: createHash('sha256').update(sql).digest('hex'),
      };
    }),
  );
}

/** Applies what is missing. Rejects with StoreError when an applied migration reads differently now. */
export async function migrate(
  clickhouse: ClickHouse,
  migrations: readonly Migration[],
  log: BaseLogger,
  schema: Schema = PLAIN,
): Promise<void> {
  await clickhouse.command('cannot create the table of migrations', schema.record(RECORD));
  const applied = await clickhouse.select<{ version: number; name: string; checksum: string }>(
    'cannot read which migrations were applied',
    'SELECT version, name, checksum FROM migrations FINAL',
  );
  const checksums = new Map(applied.map(({ version, checksum }) => [version, checksum]));
  for (const { version, name, checksum, statements } of migrations) {
    const known = checksums.get(version);
    if (known !== undefined && known !== checksum) {
      throw new StoreError(
        `migration ${name} was changed after it was applied to this database; restore the file, and put the change ` +
          'into a new migration',
        false,
      );
    }
    if (known !== undefined) continue;
    for (const statement of statements.flatMap((one) => schema.statements(one))) {
      await clickhouse.command(`cannot apply migration ${name}`, statement);
    }
    await clickhouse.insertObjects('migrations', [{ version, name, checksum }]);
    log.info({ migration: name }, 'applied a migration of the schema');
  }
}
