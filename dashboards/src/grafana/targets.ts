/** Data sources, always by variable, and the queries that panels put to them. */
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';

export const CLICKHOUSE: DataSourceRef = { type: 'grafana-clickhouse-datasource', uid: '${clickhouse}' };
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: '${prometheus}' };

/** Version of the data source that these queries are written for. It migrates queries of other versions. */
const PLUGIN_VERSION = '4.14.0';

/** Formats in which the data source's backend returns rows: src/types/sql.ts and mapQueryTypeToGrafanaFormat of the plugin. */
const FRAMES = {
  timeSeries: { queryType: 'timeSeries', format: 0 },
  table: { queryType: 'table', format: 1 },
} as const;

/** The query model of grafana-clickhouse-datasource 4, of its SQL editor. */
export interface ClickHouseQuery extends cog.Dataquery {
  refId: string;
  datasource: DataSourceRef;
  editorType: 'sql';
  queryType: 'timeSeries' | 'table';
  format: 0 | 1;
  pluginVersion: string;
  rawSql: string;
}

export function clickhouse(rawSql: string, frame: keyof typeof FRAMES, refId = 'A'): cog.Builder<ClickHouseQuery> {
  const query: ClickHouseQuery = {
    refId,
    datasource: CLICKHOUSE,
    editorType: 'sql',
    ...FRAMES[frame],
    pluginVersion: PLUGIN_VERSION,
    rawSql: rawSql.trim().replaceAll(/\n\s+/g, '\n'),
    _implementsDataqueryVariant: () => undefined,
  };
  return { build: () => query };
}

export function prometheus(expr: string, legend: string, refId = 'A'): cog.Builder<cog.Dataquery> {
  return new DataqueryBuilder()
    .datasource(PROMETHEUS)
    .refId(refId)
    .expr(expr)
    .legendFormat(legend)
    .format(PromQueryFormat.TimeSeries)
    .range();
}
