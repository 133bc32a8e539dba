/** The kinds of panel that the dashboards share. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
} from '@grafana/grafana-foundation-sdk/common';
import * as common from '@grafana/grafana-foundation-sdk/common';
import { MappingType, ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';
import type { DynamicConfigValue, RangeMap, Threshold } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as PlotBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { CLICKHOUSE, PROMETHEUS, clickhouse, prometheus } from './targets.js';

/** Texts, unit and size that every panel has. */
interface Words {
  title: string;
  description: string;
  /** Text for no data and for NULL: what that means here. */
  noValue: string;
  /** One of Grafana's units. */
  unit: string;
  /** Values with the colour that begins there; below the first it is green. */
  thresholds?: readonly [number, string][];
  /** Width in columns, of 24; the height is in rows. */
  span?: number;
  height?: number;
}

export const NOT_OBSERVABLE = 'unobservable';
/** Properties of columns of text: without this unit, text such as 0x71000002 is shown as a number. */
const TEXT: DynamicConfigValue[] = [
  { id: 'unit', value: 'string' },
  { id: 'noValue', value: '–' },
];
const CALM = 'green';

/** Colours of the modes, everywhere the same and told apart without red and green. */
export const MODE_COLOURS: readonly [string, string][] = [
  ['real', '#56B4E9'],
  ['virtual', '#009E73'],
  ['userspace', '#D55E00'],
];

/** A plot of a query's time, label and value. */
export function plot(words: Words, sql: string): PlotBuilder {
  return drawn(words)
    .datasource(CLICKHOUSE)
    .withTarget(clickhouse(sql, 'timeSeries'))
    .displayName('${__field.labels.label}')
    .interval('10s');
}

/** A plot whose labels end with a mode, each in the colour of its mode. Without slashes Grafana would match whole names. */
export function modePlot(words: Words, sql: string): PlotBuilder {
  return MODE_COLOURS.reduce(
    (all, [mode, colour]) =>
      all.overrideByRegexp(`/(^| )${mode}$/`, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]),
    plot(words, sql),
  );
}

/** A plot by mode with areas that are stacked, or shown as shares of the whole. */
export function modeAreas(words: Words, sql: string, mode: StackingMode): PlotBuilder {
  return modePlot(words, sql).fillOpacity(60).stacking(new common.StackingConfigBuilder().mode(mode));
}

/** A plot of Prometheus: expressions and their legends. */
export function metrics(words: Words, expressions: readonly [string, string][]): PlotBuilder {
  const panel = drawn(words).datasource(PROMETHEUS);
  return expressions.reduce(
    (all, [expr, legend], i) => all.withTarget(prometheus(expr, legend, String.fromCodePoint(65 + i))),
    panel,
  );
}

function drawn(words: Words): PlotBuilder {
  const panel = new PlotBuilder()
    .drawStyle(GraphDrawStyle.Line)
    .lineWidth(1)
    .showPoints(VisibilityMode.Never)
    .axisSoftMin(0)
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs([]),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(common.SortOrder.Descending));
  describe(panel, words);
  return panel;
}

/** Properties of one column of a table. */
export interface Column {
  unit?: string;
  noValue?: string;
  /** Text in place of numbers from `from` on. */
  largest?: { from: number; text: string };
  hidden?: boolean;
  width?: number;
  /** Wraps long text. */
  wrapped?: boolean;
  link?: { title: string; url: string };
}

export function table(words: Words, sql: string, columns: Readonly<Record<string, Column>> = {}): TableBuilder {
  const panel = new TableBuilder()
    .datasource(CLICKHOUSE)
    .withTarget(clickhouse(sql, 'table'))
    .filterable(true)
    .minWidth(70);
  describe(panel, words);
  panel.overrideByFieldType('string', TEXT);
  return Object.entries(columns).reduce((all, [name, column]) => all.overrideByName(name, properties(column)), panel);
}

/** A panel with one figure for each column of the query's row; `colours` by the name of the column. */
export function stat(words: Words, sql: string, colours: Readonly<Record<string, string>> = {}): StatBuilder {
  const panel = new StatBuilder()
    .datasource(CLICKHOUSE)
    .withTarget(clickhouse(sql, 'table'))
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('').values(false))
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None);
  describe(panel, words);
  return Object.entries(colours).reduce(
    (all, [name, colour]) => all.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]),
    panel,
  );
}

const HIDDEN = { hidden: true };

/** Columns of tables of alerts. */
export const ALERT_COLUMNS: Readonly<Record<string, Column>> = {
  fired: { width: 150 },
  resolved: { width: 150, noValue: 'still firing' },
  state: HIDDEN,
  alert: { width: 160 },
  severity: { width: 75 },
  VM: { width: 80 },
  host: { width: 100 },
  cause: { width: 150 },
  confidence: { width: 90 },
  'what happened': { wrapped: true },
  'what to do': { wrapped: true },
  life: HIDDEN,
  'host id': HIDDEN,
};

/** Links a column to the dashboard Host, with the time range, the data sources and the row's host. */
export function toHost(): Column {
  return { link: { title: 'This host', url: `/d/tcewatch-host?\${__url_time_range}&${SOURCES}&${HOST}` } };
}

/** Links a column to the dashboard VM, with the time range, the data sources, and the row's host and life. */
export function toVm(): Column {
  return {
    link: {
      title: 'This VM',
      url: `/d/tcewatch-vm?\${__url_time_range}&${SOURCES}&${HOST}&var-life=\${__data.fields.life}`,
    },
  };
}

const SOURCES = '${clickhouse:queryparam}&${prometheus:queryparam}';
const HOST = 'var-host=${__data.fields["host id"]}';

export type PanelBuilder = PlotBuilder | TableBuilder | StatBuilder;

function describe(
  panel: PanelBuilder,
  { title, description, noValue, unit, thresholds = [], span = 12, height = 8 }: Words,
): void {
  const steps: Threshold[] = [{ value: null, color: CALM }, ...thresholds.map(([value, color]) => ({ value, color }))];
  panel
    .title(title)
    .description(description)
    .noValue(noValue)
    .unit(unit)
    .span(span)
    .height(height)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps));
}

function properties({ unit, noValue, largest, hidden, width, wrapped, link }: Column): DynamicConfigValue[] {
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(noValue === undefined ? [] : [{ id: 'noValue', value: noValue }]),
    ...(largest === undefined ? [] : [{ id: 'mappings', value: [above(largest)] }]),
    // Older tables of Grafana read the first, that of Grafana 13 the second.
    ...(hidden === undefined ? [] : ['custom.hidden', 'custom.hideFrom.viz'].map((id) => ({ id, value: hidden }))),
    ...(width === undefined ? [] : [{ id: 'custom.width', value: width }]),
    // Older tables of Grafana read the first, that of Grafana 13 the second.
    ...(wrapped === undefined
      ? []
      : [
          { id: 'custom.cellOptions', value: { type: 'auto', wrapText: wrapped } },
          { id: 'custom.wrapText', value: wrapped },
        ]),
    ...(link === undefined ? [] : [{ id: 'links', value: [link] }]),
  ];
}

function above({ from, text }: NonNullable<Column['largest']>): RangeMap {
  return { type: MappingType.RangeToText, options: { from, to: null, result: { text } } };
}
