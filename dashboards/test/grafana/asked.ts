/** All ClickHouse queries of the dashboards, by panel. */
import { DASHBOARDS } from '../../src/index.js';

export interface Target {
  rawSql: string;
}

export interface PanelJson {
  type: string;
  title: string;
  targets?: Partial<Target>[];
  fieldConfig: {
    defaults: { displayName?: string };
    overrides: { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] }[];
  };
}

export interface Query {
  /** Dashboard / panel. */
  name: string;
  kind: 'timeseries' | 'table' | 'stat' | 'variable' | 'annotation';
  /** As the dashboard's JSON has it. */
  target: Target;
  panel?: PanelJson;
}

export const QUERIES: readonly Query[] = Object.entries(DASHBOARDS).flatMap(([file, dashboard]): Query[] => [
  ...(dashboard.panels as PanelJson[]).flatMap((panel) =>
    (panel.targets ?? [])
      .filter((target): target is Target => target.rawSql !== undefined)
      .map((target) => ({ name: `${file} / ${panel.title}`, kind: panel.type as Query['kind'], target, panel })),
  ),
  ...(dashboard.templating.list ?? [])
    .filter(({ query }) => typeof query === 'object')
    .map(({ name, query }) => ({
      name: `${file} / $${name}`,
      kind: 'variable' as const,
      target: query as unknown as Target,
    })),
  ...(dashboard.annotations.list ?? []).map(({ name, target }) => ({
    name: `${file} / annotations ${name}`,
    kind: 'annotation' as const,
    target: target as unknown as Target,
  })),
]);
