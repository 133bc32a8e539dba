/** ClickHouse asked by clickhouse-go, which Grafana's data source is made of: the program in `go`. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/** Without it the tests that need it are left out. */
export const hasGo = spawnSync('go', ['version']).error === undefined;

export interface Asker {
  url: string;
  username: string;
  password: string;
  database?: string;
}

/** `type` is ClickHouse's; values are as Go's JSON has them: times as text, 64-bit integers as numbers. */
export interface GoAnswer {
  columns: { name: string; type: string }[] | null;
  rows: unknown[][] | null;
  error?: string;
}

/** The answers to statements, in their order. */
export async function askByGo(asker: Asker, statements: readonly string[]): Promise<GoAnswer[]> {
  const build = fileURLToPath(new URL('../../../scripts/go-program.sh', import.meta.url));
  const sources = fileURLToPath(new URL('go', import.meta.url));
  const program = execFileSync(build, ['clickhouse-query', sources], { encoding: 'utf8' }).trim();
  const { url, username, password, database = 'default' } = asker;
  const child = spawn(program, [new URL(url).host, database, username], {
    env: { ...process.env, CLICKHOUSE_PASSWORD: password },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(statements.map((statement) => `${JSON.stringify(statement)}\n`).join(''));
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as GoAnswer);
}
