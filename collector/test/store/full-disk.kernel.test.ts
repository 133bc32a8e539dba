/** A disk that is really full. */
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { smallDisk } from '@tcewatch/testing/directories';
import { batchOf } from '@tcewatch/testing/series-batches';
import type { TestSeries } from '@tcewatch/testing/series-batches';
import { expect, it } from 'vitest';
import { surroundings } from './surroundings.js';

/** Series by the thousand: more than one page of any file. */
function series(value: number): TestSeries[] {
  return Array.from({ length: 2000 }, (_, i) => ({ liobn: BigInt(i), value }));
}

// Only root may mount a small disk; outages.slow.test.ts has what stands for it.
it.skipIf(process.getuid?.() !== 0)(
  'a full disk is told by the engine itself, and once there is room all goes on',
  async () => {
    const disk = await smallDisk(64);
    const full = await surroundings({ directory: disk.path });
    try {
      const packed = await full.open('full', { insistForMs: 0 });
      await packed.insertBatches([batchOf({ uptime: 1, series: series(1) })]);
      const { bavail, bsize } = await statfs(disk.path);
      const filler = join(disk.path, 'filler');
      await writeFile(filler, Buffer.alloc(bavail * bsize - 1024 * 1024));
      const next = (): Promise<void> => packed.insertBatches([batchOf({ uptime: 2, series: series(2) })]);
      await expect(next()).rejects.toMatchObject({
        failure: 'out-of-space',
        transient: true,
        message: expect.stringContaining('NOT_ENOUGH_SPACE 243') as string,
      });
      await rm(filler);
      await next();
      expect((await packed.counters())[0]?.counters.entered).toBe(4000);
    } finally {
      await full.close();
      await disk.remove();
    }
  },
);
