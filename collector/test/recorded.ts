/** The batches that the agent makes of a recording. */
import { DEFAULT_CAPS, advance, createSource, emptyLedger, snapshot, toBatch } from '@tcewatch/agent';
import { deriveId } from '@tcewatch/protocol';
import type { Batch } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';

export async function recordedBatches(name: 'vfio-7.2' | 'fallback-6.1'): Promise<Batch[]> {
  const source = createSource('replay', {
    root: '/nowhere',
    host: {},
    agentVersion: '0.0.0-test',
    hist: { size: 4096 },
    now: () => 0n,
    replay: {
      directory: await unpack(name),
      speed: Infinity,
      pace: { now: () => 0, sleep: () => Promise.reject(new Error('must not sleep')) },
    },
  });
  await source.open();
  const batches: Batch[] = [];
  let ledger = emptyLedger();
  for (let reading = await source.next(); reading; reading = await source.next()) {
    ledger = advance(ledger, reading, DEFAULT_CAPS);
    const sequence = batches.length + 1;
    batches.push(
      toBatch({ reading, snapshot: snapshot(ledger), run: deriveId('run'), sequence, intervalNs: 2_000_000_000n }),
    );
  }
  await source.close();
  return batches;
}
