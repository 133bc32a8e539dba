import { askProgram } from '@tcewatch/testing/go-program';
import type { Asker } from '@tcewatch/testing/go-program';
/** ClickHouse asked by clickhouse-go, which Grafana's data source is made of: by the program in `go`. */

/** `type` is ClickHouse's; values are as Go's JSON has them: times as text, 64-bit integers as numbers. */
export interface GoAnswer {
  columns: { name: string; type: string }[] | null;
  rows: unknown[][] | null;
  error?: string;
}

/** The answers to statements, in their order. */
export function askByGo(asker: Asker, statements: readonly string[]): Promise<GoAnswer[]> {
  return askProgram('clickhouse-query', new URL('go', import.meta.url), asker, statements);
}
