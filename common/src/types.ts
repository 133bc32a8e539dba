/** Types of settings that zod does not bring: durations, sizes, secrets, URLs without credentials. */
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { z } from 'zod';

const MILLISECONDS = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

const BYTES = new Map([
  ['B', 1],
  ['KiB', 1024],
  ['MiB', 1024 ** 2],
  ['GiB', 1024 ** 3],
]);

/** A text such as `500ms`, `10s`, `5m`, `1h` or `90d`; milliseconds once parsed. */
export function duration() {
  return quantity(MILLISECONDS, 'a duration such as 500ms, 10s, 5m, 1h or 90d').meta({ kind: 'duration' });
}

/** A text such as `512B`, `64KiB`, `8MiB` or `1GiB`; bytes once parsed. */
export function byteSize() {
  return quantity(BYTES, 'a size such as 512B, 64KiB, 8MiB or 1GiB').meta({ kind: 'size' });
}

function quantity(units: ReadonlyMap<string, number>, expected: string) {
  return z.string({ error: `expected ${expected}` }).transform((text, context) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
    const value = Math.round(Number(amount) * (units.get(unit ?? '') ?? NaN));
    if (Number.isSafeInteger(value)) return value;
    context.addIssue({ code: 'custom', message: `expected ${expected}`, input: text });
    return z.NEVER;
  });
}

/** A value that prints as `***` however it is printed; `reveal` is the one way to it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  [inspect.custom](): string {
    return '***';
  }
}

/** A {@link Secret}: the text itself, or `file:` with a path that is read (less its last newline) when it is parsed. */
export function secret() {
  return z
    .union([z.string(), z.strictObject({ file: z.string() })], { error: 'expected a text, or `file:` with a path' })
    .transform((given, context) => {
      try {
        const value = typeof given === 'string' ? given : readFileSync(given.file, 'utf8').replace(/\r?\n$/, '');
        if (value !== '') return new Secret(value);
        context.addIssue({ code: 'custom', message: 'is empty', input: '***' });
      } catch (error) {
        const message = `cannot be read (${(error as Error).message}): correct the path or the file's permissions`;
        context.addIssue({ code: 'custom', message, input: '***' });
      }
      return z.NEVER;
    })
    .meta({ kind: 'secret' });
}

/**
 * An http or https URL without credentials, since URLs end in logs. Once parsed it has no last slash, so that paths can
 * be appended; where nothing is, `exact` keeps it.
 */
export function plainUrl({ exact = false } = {}) {
  return z
    .string()
    .transform((text, context) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
        context.addIssue({ code: 'custom', message: 'expected a URL such as https://host:8443', input: '***' });
      } else if (url.username !== '' || url.password !== '') {
        const message = 'holds credentials: give them in the settings made for them';
        context.addIssue({ code: 'custom', message, input: '***' });
      } else return exact ? url.href : url.href.replace(/\/$/, '');
      return z.NEVER;
    })
    .meta({ kind: 'URL' });
}
