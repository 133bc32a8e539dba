/** ClickHouse asked by a program in Go. */
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

/**
 * The answers of a program in Go that is built of the sources under its name: a line of JSON for each question, in their
 * order. What it is asked of is told by its arguments, the password by its environment.
 */
export async function askProgram<Answer>(
  name: string,
  sources: URL,
  { url, username, password, database = 'default' }: Asker,
  questions: readonly unknown[],
): Promise<Answer[]> {
  const build = fileURLToPath(new URL('../../scripts/go-program.sh', import.meta.url));
  const program = execFileSync(build, [name, fileURLToPath(sources)], { encoding: 'utf8' }).trim();
  const child = spawn(program, [new URL(url).host, database, username], {
    env: { ...process.env, CLICKHOUSE_PASSWORD: password },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Answer);
}
