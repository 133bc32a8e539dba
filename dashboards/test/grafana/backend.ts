import { askProgram } from '@tcewatch/testing/go-program';
import type { Asker } from '@tcewatch/testing/go-program';
/** Grafana's backend behind its ClickHouse data source, as far as it can be had: the program in `backend`. */

/** A dashboard's target with its variables put in, and what the time picker and the panel's width say. */
export interface Question {
  fromMs: number;
  toMs: number;
  intervalMs: number;
  target: object;
}

/** A field as the browser gets it; `type` is that of panels, `typeInfo.frame` that of Go. */
export interface Field {
  name: string;
  type: string;
  typeInfo: { frame: string; nullable?: boolean };
  labels?: Record<string, string>;
}

export interface Frame {
  schema: { refId?: string; meta?: { type?: string }; fields: Field[] };
  /** Values by field, in the order of the fields. */
  data: { values: unknown[][] };
}

export interface Response {
  status: number;
  error?: string;
  frames?: Frame[];
}

/** The answers to questions, in their order. */
export function askGrafana(asker: Asker, questions: readonly Question[]): Promise<Response[]> {
  return askProgram('grafana-backend', new URL('backend', import.meta.url), asker, questions);
}
