/**
 * The form of a program's table of error codes. Each program has one table, `src/errors.ts`, from which come the type
 * of its codes, the values of its metrics' label and the page docs/reference/errors.md.
 */

/** What an error code means, for an operator who met it in a metric or a log. */
export interface ErrorCodeEntry {
  /** What has happened: one sentence, with a full stop. */
  meaning: string;
  /** What to do about it: one sentence in the imperative, with a full stop. */
  remedy: string;
}

/** Entries by code, in kebab-case: `hist-full`. */
export type ErrorCodeTable = Readonly<Record<string, ErrorCodeEntry>>;
