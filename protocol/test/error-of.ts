import { BatchError } from '@tcewatch/protocol';

/** The BatchError that `run` throws; throws what else it throws, and when it throws nothing. */
export function errorOf(run: () => unknown): BatchError {
  try {
    run();
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
