/** The one error that comes out of this workspace. */
import type { KafkaFailure } from './types.js';

export class KafkaError extends Error {
  override readonly name = 'KafkaError';

  constructor(
    readonly kind: KafkaFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
