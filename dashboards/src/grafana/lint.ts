/** Checks of the dashboards beyond Grafana's schema. */
import type { Panel, RowPanel } from '@grafana/grafana-foundation-sdk/dashboard';
import type { Dashboard } from './frame.js';

/** Tables that a query may read without a time range: they have one row for each host or VM, or totals. */
const SMALL = /\bFROM (?:hosts|vms|accounts_total|system\.\w+)\b/g;
const ANY_TABLE = /\bFROM (\w[\w.]*)/g;
const RANGE = /\$__(?:fromTime|toTime|timeFilter)/;

/** Lists the problems of a dashboard, one line each, which names dashboard and panel. */
export function lintDashboard(dashboard: Dashboard): string[] {
  const named = (panel: Panel | RowPanel): string => `${dashboard.title ?? '?'}: ${panel.title ?? '?'}`;
  const problems: string[] = [];
  if (!dashboard.uid) problems.push(`${dashboard.title ?? '?'}: has no uid, which links need`);
  if ((dashboard.tags ?? []).length === 0) problems.push(`${dashboard.title ?? '?'}: has no tags, which links need`);
  if (!dashboard.links?.some(({ keepTime, includeVars }) => keepTime && includeVars)) {
    problems.push(`${dashboard.title ?? '?'}: has no link that keeps time range and variables`);
  }
  for (const panel of dashboard.panels ?? []) {
    if (isRow(panel)) continue;
    problems.push(...lintPanel(panel).map((problem) => `${named(panel)}: ${problem}`));
  }
  for (const { name, target } of dashboard.annotations.list ?? []) {
    problems.push(...lintTarget(target).map((problem) => `${dashboard.title ?? '?'}: annotations ${name}: ${problem}`));
  }
  return problems;
}

function lintPanel(panel: Panel): string[] {
  const { unit, noValue, thresholds } = panel.fieldConfig?.defaults ?? {};
  return [
    ...(panel.description ? [] : ['has no description']),
    ...(unit ? [] : ['has no unit']),
    ...(noValue ? [] : ['does not say what no value means']),
    ...(thresholds ? [] : ['has no thresholds']),
    ...((panel.targets ?? []).length > 0 ? [] : ['asks for nothing']),
    ...lintSource(panel.datasource),
    ...(panel.targets ?? []).flatMap(lintTarget),
  ];
}

function lintTarget(target: unknown): string[] {
  const { datasource, rawSql } = (target ?? {}) as { datasource?: { uid?: string }; rawSql?: string };
  return [...lintSource(datasource), ...(rawSql === undefined ? [] : lintSql(rawSql))];
}

function lintSource(source: { uid?: string } | undefined): string[] {
  return /^\$\{\w+\}$/.test(source?.uid ?? '') ? [] : ['has a data source that is no variable'];
}

function lintSql(sql: string): string[] {
  const tables = [...sql.matchAll(ANY_TABLE)].length - [...sql.matchAll(SMALL)].length;
  if (tables > 0 && !RANGE.test(sql)) return ['reads tables that grow, without the time range'];
  return [];
}

function isRow(panel: Panel | RowPanel): panel is RowPanel {
  return panel.type === 'row';
}
