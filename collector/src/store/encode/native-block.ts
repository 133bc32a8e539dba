/**
 * A block of rows in ClickHouse's Native format, column by column, with room for a number of rows that is known before. The
 * engine takes its columns as they are, where other formats make it parse each value.
 *
 *     block  = varint columns, varint rows; then for each column its name and type (strings), then its values
 *     string = varint length, UTF-8 bytes
 *
 * A LowCardinality(String) has its dictionary in the block: u64 version 1, u64 kind of indices and flags, u64 number of
 * keys, the keys, u64 rows, the indices.
 */
import { rowBinaryString, varint } from './row-buffer.js';

/** One column: its values for as many rows as are written, `width` bytes each. */
export interface NativeColumn {
  name: string;
  type: string;
  /** Values of the column; for a LowCardinality(String), 32-bit indices into its dictionary. */
  values: ArrayBufferView;
  width: number;
}

const DICTIONARY_VERSION = 1n;
/** 32-bit indices; keys of its own; which take the place of earlier ones. */
const DICTIONARY_FLAGS = 2n | (1n << 9n) | (1n << 10n);

/** The block as a sequence of buffers, of which those of values are views. Dictionaries are by the name of their column. */
export function nativeBlock(
  columns: readonly NativeColumn[],
  rows: number,
  dictionaries: Readonly<Record<string, readonly string[]>>,
): Buffer[] {
  return [
    Buffer.concat([varint(columns.length), varint(rows)]),
    ...columns.flatMap(({ name, type, values, width }) => {
      const keys = dictionaries[name];
      return [
        Buffer.concat([rowBinaryString(name), rowBinaryString(type), ...(keys ? [keysOf(keys, rows)] : [])]),
        Buffer.from(values.buffer, values.byteOffset, rows * width),
      ];
    }),
  ];
}

function keysOf(dictionary: readonly string[], rows: number): Buffer {
  const head = Buffer.from(BigUint64Array.of(DICTIONARY_VERSION, DICTIONARY_FLAGS, BigInt(dictionary.length)).buffer);
  return Buffer.concat([head, ...dictionary.map(rowBinaryString), Buffer.from(BigUint64Array.of(BigInt(rows)).buffer)]);
}
