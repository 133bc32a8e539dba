/** Why the outbox's directory cannot be used, in words for the operator. Pure. */
import { LockedError } from './lock.js';

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'make room there, or lower outbox.bytes',
  EDQUOT: 'make room there, or lower outbox.bytes',
  EACCES: 'make it writable for the agent',
  EPERM: 'make it writable for the agent',
  EROFS: 'mount a writable file system there',
};

export function diskProblem(directory: string, error: Error): string {
  const { code = '' } = error as NodeJS.ErrnoException;
  const fix =
    error instanceof LockedError
      ? 'stop that one, or give each an outbox.directory of its own'
      : [FIXES[code], 'give another outbox.directory'].filter(Boolean).join(', or ');
  return (
    `cannot keep batches in ${directory}: ${error.message}; they are held in memory, where a kill of the agent loses them; ` +
    fix
  );
}
