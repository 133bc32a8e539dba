/** The batches of a recorded host. */
import { createSource, toBatch, advance, snapshot, emptyLedger, DEFAULT_CAPS } from '@tcewatch/agent';
import type { Retention } from '@tcewatch/collector';
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { BOOTED, SECOND } from './series-batches.js';

/** Recordings age; what is tested must not. */
export const FOR_EVER: Retention = { readings: 0, minutes: 0, hours: 0, hosts: 0, alerts: 0 };

/** Every batch that the agent makes of a recording, in order: of its histograms, or of its ring buffer. */
export async function recordedBatches(name: string, of: 'hist' | 'ring' = 'hist'): Promise<Batch[]> {
  const source = createSource('replay', {
    root: '/nowhere',
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096, detail: false },
    pace: { now: () => 0, sleep: () => Promise.reject(new Error('a replay as fast as possible must not sleep')) },
    now: () => BOOTED,
    replay: {
      directory: await unpack(name),
      source: of,
      speed: Infinity,
    },
  });
  await source.open();
  const batches: Batch[] = [];
  let ledger = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    ledger = advance(ledger, reading, DEFAULT_CAPS);
    batches.push(
      toBatch({
        reading,
        snapshot: snapshot(ledger),
        run: deriveId('run', name),
        sequence: batches.length + 1,
        intervalNs: 2n * SECOND,
      }),
    );
  }
  await source.close();
  return batches;
}
