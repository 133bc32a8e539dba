/** Frames with the configuration that a panel gives to their fields, by Grafana's own rules for it. */
import {
  FieldColorModeId,
  Registry,
  applyFieldOverrides,
  booleanOverrideProcessor,
  dataFrameFromJSON,
  dataLinksOverrideProcessor,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  numberOverrideProcessor,
  stringOverrideProcessor,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import type { DataFrame, DataFrameJSON, FieldConfigPropertyItem, GrafanaTheme2, ScopedVars } from '@grafana/data';
import type { Panel } from './input';

/** The options that Grafana registers for every panel, and those that its plots and tables add. */
const STANDARD = {
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  filterable: booleanOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: stringOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};
const CUSTOM = [
  'align',
  'axisSoftMin',
  'cellOptions',
  'drawStyle',
  'fillOpacity',
  'filterable',
  'hideFrom.viz',
  'inspect',
  'lineWidth',
  'minWidth',
  'showPoints',
  'stacking',
  'width',
  'wrapText',
];

const OPTIONS = new Registry<FieldConfigPropertyItem>(() => [
  ...Object.entries(STANDARD).map(([path, process]) => option(path, path, process)),
  ...CUSTOM.map((path) => ({ ...option(`custom.${path}`, path, identityOverrideProcessor), isCustom: true })),
]);

/** Grafana's own where a dashboard says nothing. */
const COLOURS: Record<Panel['type'], FieldColorModeId> = {
  timeseries: FieldColorModeId.PaletteClassic,
  stat: FieldColorModeId.Thresholds,
  table: FieldColorModeId.Thresholds,
};

export function configured(panel: Panel, frames: readonly DataFrameJSON[], theme: GrafanaTheme2): DataFrame[] {
  const { defaults, overrides } = panel.fieldConfig;
  return applyFieldOverrides({
    data: frames.map((frame) => dataFrameFromJSON(frame)),
    fieldConfig: { defaults: { color: { mode: COLOURS[panel.type] }, ...defaults }, overrides },
    fieldConfigRegistry: OPTIONS,
    replaceVariables,
    theme,
    timeZone: 'utc',
  });
}

/** Of Grafana's variables those that our dashboards use in names. */
export function replaceVariables(text: string, scopedVars?: ScopedVars): string {
  const labels = scopedVars?.['__dataContext']?.value.field.labels ?? {};
  return text.replaceAll(/\$\{__field\.labels\.(\w+)\}/g, (_, label: string) => labels[label] ?? '');
}

function option(id: string, path: string, process: unknown): FieldConfigPropertyItem {
  return {
    id,
    path,
    name: path,
    process,
    settings: { expandTemplateVars: true },
    shouldApply: () => true,
  } as unknown as FieldConfigPropertyItem;
}
