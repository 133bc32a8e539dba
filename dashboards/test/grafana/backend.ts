/** Grafana's backend behind its ClickHouse data source, as far as it can be had: the program in `backend`. */
import { execFileSync, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Asker } from '../../../collector/test/clickhouse/clickhouse-go.js';

/** A dashboard's target with its variables put in, and what the time picker and the panel's width say. */
export interface Question {
  fromMs: number;
  toMs: number;
  intervalMs: number;
  target: object;
}

/** A field as the browser gets it; `type` is that of panels, `typeInfo.frame` that of Go. */
export interface Field {
  name: string;
  type: string;
  typeInfo: { frame: string; nullable?: boolean };
  labels?: Record<string, string>;
}

export interface Frame {
  schema: { refId?: string; meta?: { type?: string }; fields: Field[] };
  /** By field, in its order. */
  data: { values: unknown[][] };
}

export interface Response {
  status: number;
  error?: string;
  frames?: Frame[];
}

/** The answers to questions, in their order. */
export async function askGrafana(asker: Asker, questions: readonly Question[]): Promise<Response[]> {
  const build = fileURLToPath(new URL('../../../scripts/go-program.sh', import.meta.url));
  const sources = fileURLToPath(new URL('backend', import.meta.url));
  const program = execFileSync(build, ['grafana-backend', sources], { encoding: 'utf8' }).trim();
  const { url, username, password, database = 'default' } = asker;
  const child = spawn(program, [new URL(url).host, database, username], {
    env: { ...process.env, CLICKHOUSE_PASSWORD: password },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const lines = (await text(child.stdout)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Response);
}
