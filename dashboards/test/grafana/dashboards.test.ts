import { readFileSync } from 'node:fs';
import { programMetrics } from '@tcewatch/reference';
import { describe, expect, it } from 'vitest';
import { DASHBOARDS, dashboardFile, lintDashboard } from '../../src/index.js';

describe.each(Object.entries(DASHBOARDS))('the dashboard %s', (name, dashboard) => {
  it('is generated as the code has it; `npm run dashboards` writes it', () => {
    const file = readFileSync(new URL(`../../generated/grafana/${name}.json`, import.meta.url), 'utf8');
    expect(file).toBe(dashboardFile(dashboard));
  });

  it('has nothing that the lint finds', () => {
    expect(lintDashboard(dashboard)).toEqual([]);
  });

  it('gives each panel its own place and number', () => {
    const panels = dashboard.panels ?? [];
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map((panel) => JSON.stringify(panel.gridPos))).size).toBe(panels.length);
    const outside = panels.filter(({ gridPos }) => (gridPos?.x ?? 0) + (gridPos?.w ?? 0) > 24);
    expect(outside.map(({ title }) => title)).toEqual([]);
  });

  it('asks Prometheus for metrics that a program exports', () => {
    const { agent, collector } = programMetrics();
    const exported = [...agent, ...collector].map(({ name }) => name);
    const expressions = (dashboard.panels ?? []).flatMap((panel) =>
      ((panel as { targets?: { expr?: string }[] }).targets ?? []).flatMap(({ expr }) => expr ?? []),
    );
    const named = expressions.flatMap((expr) => expr.match(/\btcewatch_\w+/g) ?? []);
    expect(named.filter((name) => !exported.includes(name.replace(/_bucket$/, '')))).toEqual([]);
  });

  it('links to dashboards that there are', () => {
    const uids = Object.values(DASHBOARDS).map(({ uid }) => uid);
    const linked = [...dashboardFile(dashboard).matchAll(/"\/d\/([\w-]+)\?/g)].map(([, uid]) => uid);
    expect(linked.filter((uid) => !uids.includes(uid))).toEqual([]);
  });
});

describe('the lint', () => {
  it('finds everything that is wrong with a broken dashboard', () => {
    const broken = {
      title: 'broken',
      annotations: {},
      schemaVersion: 42,
      panels: [
        {
          type: 'table',
          title: 'bad',
          datasource: { type: 'grafana-clickhouse-datasource', uid: 'P123' },
          targets: [{ datasource: { uid: '${clickhouse}' }, rawSql: 'SELECT * FROM readings' }],
        },
        { type: 'stat', title: 'empty', fieldConfig: { defaults: {}, overrides: [] } },
        { type: 'row', title: 'a row', panels: [] },
      ],
    };
    expect(lintDashboard(broken as unknown as Parameters<typeof lintDashboard>[0])).toEqual([
      'broken: has no uid, which links need',
      'broken: has no tags, which links need',
      'broken: has no link that keeps time range and variables',
      'broken: bad: has no description',
      'broken: bad: has no unit',
      'broken: bad: does not say what no value means',
      'broken: bad: has no thresholds',
      'broken: bad: has a data source that is no variable',
      'broken: bad: reads tables that grow, without the time range',
      'broken: empty: has no description',
      'broken: empty: has no unit',
      'broken: empty: does not say what no value means',
      'broken: empty: has no thresholds',
      'broken: empty: asks for nothing',
      'broken: empty: has a data source that is no variable',
    ]);
  });
});
