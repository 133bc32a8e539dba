/** Batch bytes to the detector's verdict, against JSON.parse of the same content alone. */
import { createDetector } from '@tcewatch/collector';
import { decodeBatch, encodeBatch } from '@tcewatch/protocol';
import { asJson, busyHost } from './batches.js';
import { compare } from './measure.js';
import type { Comparison } from './measure.js';

const SERIES = 10_000;
const BATCHES = 20;

export async function measureDecode(rounds: number): Promise<Comparison> {
  const batches = Array.from({ length: BATCHES }, (_, n) => busyHost('bench', SERIES, n + 1));
  const encoded = batches.map(encodeBatch);
  const json = batches.map(asJson);
  const rows = batches.reduce((sum, batch) => sum + batch.series.length, 0);
  return compare(
    {
      run: () => {
        const detector = createDetector();
        for (const bytes of encoded) detector.observe(decodeBatch(bytes));
        if (detector.size().firing === 0) throw new Error('the detector missed the VMs that fell back');
        return rows;
      },
    },
    {
      run: () => {
        for (const text of json) JSON.parse(text);
        return rows;
      },
    },
    rounds,
  );
}
