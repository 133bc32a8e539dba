/** The settings of a schema as rows: what `--help`, the reference page and the environment are made from. */
import { z } from 'zod';
import { unwrap } from './walk.js';

/** One setting. */
export interface ConfigRow {
  /** `listen.port`; `notifiers[].url` for a setting of a list's elements, which has neither `env` nor `flag`. */
  path: string;
  /** `TCEWATCH_AGENT_LISTEN_PORT` */
  env: string | undefined;
  /** `--listen-port`; secrets have none, since other users see a program's arguments, only their files have. */
  flag: string | undefined;
  /** The type in words: `duration`, `integer`, `one of hist, replay` ... */
  type: string;
  /** The default, as one would write it in the file; undefined when there is none. */
  fallback: unknown;
  description: string;
  schema: z.core.$ZodType;
}

/** Gives a row for each setting, in the order of the schema; `prefix` is that of the environment, `TCEWATCH_AGENT`. */
export function describeConfig(schema: z.core.$ZodType, prefix: string): ConfigRow[] {
  return rowsOf(schema, '').map((row) => {
    if (row.path.includes('[]')) return { ...row, env: undefined, flag: undefined };
    const words = row.path.split('.').map((step) => step.replaceAll(/[A-Z]/g, '-$&').toLowerCase());
    return {
      ...row,
      env: [prefix, ...words].join('_').replaceAll('-', '_').toUpperCase(),
      flag: row.type === 'secret' ? undefined : `--${words.join('-')}`,
    };
  });
}

function rowsOf(schema: z.core.$ZodType, path: string): Omit<ConfigRow, 'env' | 'flag'>[] {
  const { schema: bare, description, kind, fallback } = unwrap(schema);
  if (bare instanceof z.core.$ZodObject) {
    return Object.entries(bare._zod.def.shape).flatMap(([key, inner]) => rowsOf(inner, path ? `${path}.${key}` : key));
  }
  const row = { path, type: kind ?? typeName(bare), fallback, description, schema };
  if (kind === 'secret') {
    const file = { path: `${path}.file`, type: 'path', fallback: undefined, description: `File that holds ${path}.` };
    return [row, { ...file, schema: z.string() }];
  }
  if (bare instanceof z.core.$ZodArray) return [row, ...elementRows(bare._zod.def.element, `${path}[]`)];
  return [row];
}

/** Gives the settings of a list's elements, those that several alternatives share once. */
function elementRows(element: z.core.$ZodType, path: string): Omit<ConfigRow, 'env' | 'flag'>[] {
  const { schema: bare } = unwrap(element);
  const kinds = bare instanceof z.core.$ZodUnion ? bare._zod.def.options : [bare];
  const rows = kinds.filter((kind) => unwrap(kind).schema instanceof z.core.$ZodObject).flatMap((k) => rowsOf(k, path));
  const merged = new Map<string, Omit<ConfigRow, 'env' | 'flag'>>();
  for (const row of rows) {
    const same = merged.get(row.path);
    const type = same && same.type !== row.type ? `${same.type}, ${row.type}` : row.type;
    merged.set(row.path, { ...(same ?? row), type });
  }
  return [...merged.values()];
}

function typeName(schema: z.core.$ZodType): string {
  if (schema instanceof z.core.$ZodEnum) return `one of ${Object.keys(schema._zod.def.entries).join(', ')}`;
  if (schema instanceof z.core.$ZodLiteral) return schema._zod.def.values.join(', ');
  if (schema instanceof z.core.$ZodNumberFormat) return 'integer';
  if (schema instanceof z.core.$ZodArray) return 'list';
  return schema._zod.def.type;
}
