/**
 * Parses `events/header_page` and checks `events/header_event`: the shape of a sub-buffer, and whether its events are
 * encoded in the one way that page.ts decodes.
 */
import { RingError } from './error.js';
import { parseField } from './format.js';

/** Places in a sub-buffer, in bytes. */
export interface PageLayout {
  timestampOffset: number;
  commitOffset: number;
  dataOffset: number;
  /** Bytes for events: depends on the kernel's page size and, from 6.8, on buffer_subbuf_size_kb. */
  dataSize: number;
  /** Bytes of a whole sub-buffer: what one read of trace_pipe_raw returns. */
  size: number;
}

/** Most that `commit` has room to count below its flags. */
const MAX_DATA = 2 ** 30 - 1;

/**
 * Parses `header_page`. Its field `overwrite` has no place of its own: it says that `commit` has flags for lost
 * events, as all kernels with KVM-HV do. Throws RingError naming the line.
 */
export function parseHeaderPage(text: string): PageLayout {
  const fields = text.split('\n').flatMap((line, i) => {
    const field = parseField(line);
    if (field) return { ...field, line: i + 1 };
    if (line === '') return [];
    throw new RingError('malformed', 'header_page', 'line', i + 1, `expected a field, found "${line.slice(0, 80)}"`);
  });
  const named = (name: string, size?: number) => {
    const field = fields.find((each) => each.name === name);
    if (!field) throw new RingError('malformed', 'header_page', 'line', fields.length + 1, `there is no field ${name}`);
    if (size !== undefined && field.size !== size) {
      const message = `${name} has ${field.size} bytes, expected ${size}: not a 64-bit kernel`;
      throw new RingError('unsupported', 'header_page', 'line', field.line, message);
    }
    return field;
  };
  const timestamp = named('timestamp', 8);
  const commit = named('commit', 8);
  const data = named('data');
  const headerEnd = Math.max(timestamp.offset, commit.offset) + 8;
  if (data.offset < headerEnd || data.size < 8 || data.size > MAX_DATA) {
    const message = `data of ${data.size} bytes at ${data.offset} does not go with a header of ${headerEnd} bytes`;
    throw new RingError('malformed', 'header_page', 'line', data.line, message);
  }
  return {
    timestampOffset: timestamp.offset,
    commitOffset: commit.offset,
    dataOffset: data.offset,
    dataSize: data.size,
    size: data.offset + data.size,
  };
}

/** Lines of `header_event` that page.ts relies on. Kernels before 4.17 lack the one of `time_stamp`. */
const ENCODING: readonly { pattern: RegExp; value: string; optional?: true }[] = [
  { pattern: /^\ttype_len\s*:\s*(\d+) bits$/, value: '5' },
  { pattern: /^\ttime_delta\s*:\s*(\d+) bits$/, value: '27' },
  { pattern: /^\tarray\s*:\s*(\d+) bits$/, value: '32' },
  { pattern: /^\tpadding\s*: type == (\d+)$/, value: '29' },
  { pattern: /^\ttime_extend\s*: type == (\d+)$/, value: '30' },
  { pattern: /^\ttime_stamp\s*: type == (\d+)$/, value: '31', optional: true },
  { pattern: /^\tdata max type_len\s*== (\d+)$/, value: '28' },
];

/** Checks `header_event`. Throws RingError naming the line that says something else than page.ts decodes. */
export function checkHeaderEvent(text: string): void {
  const lines = text.split('\n');
  for (const { pattern, value, optional } of ENCODING) {
    const i = lines.findIndex((line) => pattern.test(line));
    if (i < 0) {
      if (optional) continue;
      throw new RingError('malformed', 'header_event', 'line', lines.length, `there is no line like ${pattern.source}`);
    }
    if (pattern.exec(lines[i] ?? '')?.[1] !== value) {
      const message = `expected ${value}, found "${(lines[i] ?? '').trim()}": events are encoded in another way`;
      throw new RingError('unsupported', 'header_event', 'line', i + 1, message);
    }
  }
}
