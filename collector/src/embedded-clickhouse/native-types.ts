/** Layouts of ClickHouse's types in the Native format: just enough to find where a column ends. */
import { NativeError } from './native-cursor.js';
import type { Cursor } from './native-cursor.js';

export interface Layout {
  /** Skips what comes once, before the rows. */
  prefix(cursor: Cursor): void;
  rows(cursor: Cursor, rows: number): void;
}

/** Bytes of one value. */
const SIZES: Record<string, number> = {
  ...sized(1, ['Int8', 'UInt8', 'Bool', 'Enum8', 'Nothing']),
  ...sized(2, ['Int16', 'UInt16', 'Enum16', 'Date', 'BFloat16']),
  ...sized(4, ['Int32', 'UInt32', 'Float32', 'Date32', 'DateTime', 'Time', 'IPv4', 'Decimal32']),
  ...sized(8, ['Int64', 'UInt64', 'Float64', 'DateTime64', 'Time64', 'Decimal64']),
  ...sized(16, ['Int128', 'UInt128', 'UUID', 'IPv6', 'Decimal128']),
  ...sized(32, ['Int256', 'UInt256', 'Decimal256']),
};

/** The layout of a type as ClickHouse names it; throws NativeError for one that is not known here. */
export function layoutOf(type: string): Layout {
  const [, name = type, inside = ''] = /^(\w+)(?:\((.*)\))?$/s.exec(type) ?? [];
  const size = name.startsWith('Interval') ? 8 : SIZES[name];
  if (size !== undefined) return fixed(size);
  const parts = split(inside);
  const [first = '', second = ''] = parts;
  switch (name) {
    case 'String':
      return STRING;
    case 'FixedString':
      return fixed(Number(first));
    case 'Decimal':
      return fixed(decimalSize(Number(first)));
    case 'Nullable':
      return all([fixed(1), layoutOf(first)]);
    case 'SimpleAggregateFunction':
      return layoutOf(second);
    case 'LowCardinality':
      return lowCardinality(layoutOf(first.replace(/^Nullable\((.*)\)$/s, '$1')));
    case 'Array':
      return array(layoutOf(first));
    case 'Map':
      return array(all(parts.map(layoutOf)));
    case 'Tuple':
      return all(parts.map((part) => layoutOf(withoutName(part))));
    case 'Nested':
      return array(all(parts.map((part) => layoutOf(withoutName(part)))));
    default:
      throw new NativeError(`the embedded ClickHouse cannot send ${type} to this client; cast it to String`);
  }
}

const STRING: Layout = {
  prefix: () => undefined,
  rows: (cursor, rows) => {
    for (let row = 0; row < rows; row++) cursor.text();
  },
};

function fixed(size: number): Layout {
  return { prefix: () => undefined, rows: (cursor, rows) => void cursor.skip(size * rows) };
}

/** Layout of several parts: the prefixes of all, then their rows one part after the other. */
function all(layouts: readonly Layout[]): Layout {
  return {
    prefix: (cursor) => {
      for (const layout of layouts) layout.prefix(cursor);
    },
    rows: (cursor, rows) => {
      for (const layout of layouts) layout.rows(cursor, rows);
    },
  };
}

/** Layout of an array: the offset at which each row ends, then the values of all rows. */
function array(values: Layout): Layout {
  return {
    prefix: (cursor) => {
      values.prefix(cursor);
    },
    rows: (cursor, rows) => {
      if (rows === 0) return;
      cursor.skip(8 * (rows - 1));
      values.rows(cursor, cursor.uint64());
    },
  };
}

/** src/DataTypes/Serializations/SerializationLowCardinality.cpp: a dictionary and, for each row, its place in it. */
function lowCardinality(keys: Layout): Layout {
  return {
    prefix: (cursor) => void cursor.uint64(),
    rows: (cursor, rows) => {
      if (rows === 0) return;
      const flags = cursor.uint64();
      keys.rows(cursor, cursor.uint64());
      const places = cursor.uint64();
      cursor.skip(places * 2 ** (flags & 255));
    },
  };
}

function decimalSize(precision: number): number {
  if (precision <= 9) return 4;
  if (precision <= 18) return 8;
  return precision <= 38 ? 16 : 32;
}

function sized(size: number, names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, size]));
}

/** Splits a list at the commas that are in no brackets and in no quotes. */
function split(list: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let begin = 0;
  for (const { 0: token, index } of list.matchAll(/'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]/gs)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === ',' && depth === 0) {
      parts.push(list.slice(begin, index).trim());
      begin = index + 1;
    }
  }
  parts.push(list.slice(begin).trim());
  return parts;
}

/** The type of an element of a tuple, which may have a name. */
function withoutName(element: string): string {
  return element.replace(/^(?:`(?:[^`\\]|\\.)*`|\w+)\s+/s, '');
}
