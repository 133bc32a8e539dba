/** A connection that also keeps how many rows of which tables each question reads, by ClickHouse's own estimate. */
import { ClickHouse } from '../../src/store/index.js';

export class Explaining extends ClickHouse {
  /** Rows by table, of all questions since this was emptied. */
  readonly read = new Map<string, number>();

  override async select<T>(...[what, query, parameters]: Parameters<ClickHouse['select']>): Promise<T[]> {
    const estimate = await super.select<{ table: string; rows: string }>(what, `EXPLAIN ESTIMATE ${query}`, parameters);
    for (const { table, rows } of estimate) this.read.set(table, (this.read.get(table) ?? 0) + Number(rows));
    return super.select<T>(what, query, parameters);
  }
}
