/** What is to be drawn; the script of the pictures serves it as /input.json. */
import type { DataFrameJSON, FieldConfigSource } from '@grafana/data';

export interface Panel {
  id: number;
  type: 'timeseries' | 'table' | 'stat';
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  options: Record<string, unknown>;
  fieldConfig: FieldConfigSource;
}

export interface Input {
  title: string;
  fromMs: number;
  toMs: number;
  /** Of the dashboard's JSON, with what Grafana's backend answered to them. */
  panels: { panel: Panel; frames: DataFrameJSON[] }[];
}
