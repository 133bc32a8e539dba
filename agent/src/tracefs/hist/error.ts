/** The error of everything that reads tracefs hist files. */

/** A hist file that is not what the kernel prints, or that lacks what was looked for. */
export class HistError extends Error {
  override readonly name = 'HistError';

  constructor(
    /** Counted from 1; undefined where the error is about the file as a whole. */
    readonly line: number | undefined,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(line === undefined ? `hist file: ${problem}` : `hist file, line ${line}: ${problem}`, options);
  }
}
