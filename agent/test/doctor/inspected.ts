/** Recorded hosts as the doctor sees them; each is inspected once. */
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { inspect } from '../../src/doctor/inspect.js';
import type { Inspection } from '../../src/doctor/inspect.js';
import { diagnose } from '../../src/doctor/diagnose.js';
import type { Diagnosis } from '../../src/doctor/diagnose.js';

/** Two accelerated VMs with VFIO on 7.2. */
export const accelerated = await inspect(join(await unpack('vfio-7.2'), 'root-both-accelerated'));
/** One VM on 6.1 whose tables the kernel refused, and one that has its. */
export const refused = await inspect(join(await unpack('fallback-6.1'), 'root-fallback'));

/** `ok`, `missing: what was found`, `unknown: ...` of one check, for each of its subjects. */
export function found({ findings }: Diagnosis, id: string): string[] {
  return findings
    .filter((finding) => finding.id === id)
    .map(({ subject, verdict, says }) =>
      [subject, verdict, verdict === 'ok' ? undefined : says].filter(Boolean).join(': '),
    );
}

/** The same, of a host that differs from a recorded one in some ways. */
export function foundWith(id: string, changes: Partial<Inspection>, host: Inspection = accelerated): string[] {
  return found(diagnose({ ...host, ...changes }), id);
}
