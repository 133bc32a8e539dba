/**
 * Parses an event's `format` file: where in the event's bytes the kernel puts each field. Offsets differ between
 * kernels and between static and probe events (those carry `__probe_ip` first), so nothing else may know them.
 */
import { RingError } from './error.js';

/** One field of a structure that the kernel describes; offset and size in bytes. */
export interface Field {
  name: string;
  /** Type as declared in C, without the name: `unsigned long`, `char[16]`, `__data_loc char[]`. */
  type: string;
  offset: number;
  size: number;
  signed: boolean;
}

/** Binary form of an event. `size` is that of its fixed part: the end of its last field. */
export interface EventFormat {
  name: string;
  /** Value of `common_type` in each such event; another at each boot and module load. */
  id: number;
  fields: ReadonlyMap<string, Field>;
  size: number;
}

const FIELD = /^\tfield:(?<type>.+?)(?<name>\w+)(?<array>\[[^;]*\])?;\toffset:(\d+);\tsize:(\d+);\tsigned:([01]);$/;

/** Parses a line of the form `field:TYPE NAME;	offset:N;	size:N;	signed:N;`; undefined for any other. */
export function parseField(line: string): Field | undefined {
  const match = FIELD.exec(line);
  if (!match?.groups) return undefined;
  const { type = '', name = '', array = '' } = match.groups;
  const [offset, size, signed] = match.slice(4).map(Number);
  return { name, type: type.trim() + array, offset: offset ?? 0, size: size ?? 0, signed: signed === 1 };
}

/**
 * Parses `events/SYSTEM/EVENT/format`. Throws RingError naming the line that is not understood, or the end if the file
 * stops before `print fmt`.
 */
export function parseFormat(text: string): EventFormat {
  const lines = text.split('\n');
  const name = keyed(lines, 0, 'name', /^name: (\S+)$/);
  const id = Number(keyed(lines, 1, 'ID', /^ID: (\d+)$/));
  const subject = `${name}/format`;
  if (lines[2] !== 'format:')
    throw new RingError('malformed', subject, 'line', 3, `expected "format:", ${found(lines, 2)}`);
  const fields = new Map<string, Field>();
  for (let i = 3; !lines[i]?.startsWith('print fmt:'); i++) {
    const line = lines[i];
    if (line === undefined) throw new RingError('cut-short', subject, 'line', i, 'it ends before "print fmt:"');
    // A blank line separates the common fields from the event's own.
    if (line === '') continue;
    const field = parseField(line);
    if (!field) throw new RingError('malformed', subject, 'line', i + 1, `expected a field, ${found(lines, i)}`);
    if (fields.has(field.name))
      throw new RingError('malformed', subject, 'line', i + 1, `${field.name} is there twice`);
    fields.set(field.name, field);
  }
  const size = Math.max(0, ...[...fields.values()].map((field) => field.offset + field.size));
  return { name, id, fields, size };
}

function keyed(lines: readonly string[], i: number, key: string, pattern: RegExp): string {
  const value = pattern.exec(lines[i] ?? '')?.[1];
  if (value === undefined) {
    throw new RingError('malformed', 'format', 'line', i + 1, `expected "${key}: ...", ${found(lines, i)}`);
  }
  return value;
}

function found(lines: readonly string[], i: number): string {
  const line = lines[i];
  return line === undefined ? 'found the end' : `found "${line.slice(0, 80)}"`;
}
