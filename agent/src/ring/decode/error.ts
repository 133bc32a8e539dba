/** The one error of the ring decoder; it names what is wrong, and at which line or byte of the input. */

/**
 * Kind of error. `malformed`: the input is not what the kernel writes; `unsupported`: it may be, but this decoder does
 * not know it; `cut-short`: it ends before it says that it does.
 */
export type RingErrorCode = 'malformed' | 'unsupported' | 'cut-short';

export class RingError extends Error {
  override readonly name = 'RingError';

  constructor(
    readonly code: RingErrorCode,
    /** Name of the input: `kvm_hcall_enter/format`, `header_page`, `sub-buffer`, ... */
    readonly subject: string,
    /** Unit of the position; lines count from 1, bytes from 0. */
    readonly unit: 'line' | 'byte',
    readonly position: number,
    message: string,
  ) {
    super(`${subject} ${code} at ${unit} ${position}: ${message}`);
  }
}
