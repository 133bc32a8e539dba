/** The common frame of all dashboards: links, data sources, annotations and variables. */
/* eslint-disable @typescript-eslint/no-deprecated -- version 1 is the schema that every Grafana from 11 on provisions from files */
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { PanelBuilder } from './panels.js';
import { variables } from './queries.js';
import { CLICKHOUSE, PROMETHEUS, clickhouse } from './targets.js';

/** A dashboard as its JSON has it. */
export type Dashboard = ReturnType<DashboardBuilder['build']>;

const TAG = 'tcewatch';

interface Frame {
  /** Identifier of the dashboard. It never changes, since links use it. */
  uid: string;
  title: string;
  description: string;
  /** SQL of the annotations: one row for each mark in the plots. */
  annotations: string;
  variables?: readonly ('host' | 'life')[];
  panels: readonly PanelBuilder[];
}

export function dashboard({ uid, title, description, annotations, variables = [], panels }: Frame): DashboardBuilder {
  const built = new DashboardBuilder(`tcewatch / ${title}`)
    .uid(uid)
    .description(description)
    .tags([TAG])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .time({ from: 'now-6h', to: 'now' })
    .timezone('browser')
    .refresh('1m')
    .link(
      new DashboardLinkBuilder('tcewatch')
        .type(DashboardLinkType.Dashboards)
        .tags([TAG])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('clickhouse').label('ClickHouse').type(CLICKHOUSE.type ?? ''))
    .withVariable(new DatasourceVariableBuilder('prometheus').label('Prometheus').type(PROMETHEUS.type ?? ''))
    .annotation(
      new AnnotationQueryBuilder()
        .name('Alerts')
        .datasource(CLICKHOUSE)
        .enable(true)
        .iconColor('orange')
        .target(clickhouse(annotations, 'table', 'annotation')),
    );
  for (const name of variables) built.withVariable(VARIABLES[name]);
  return panels.reduce((all, panel, i) => all.withPanel(panel.id(i + 1)), built);
}

const VARIABLES = {
  host: ask('host', 'Host', variables.host).multi(true).includeAll(true),
  life: ask('life', 'VM', variables.life),
};

function ask(name: keyof typeof variables, label: string, rawSql: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(CLICKHOUSE)
    .query({ refId: name, editorType: 'sql', queryType: 'sql', rawSql })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled);
}
