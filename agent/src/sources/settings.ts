/** Settings of histograms, shared by all sources that count with some. */
import { z } from 'zod';

/** Bounds of the kernel (TRACING_MAP_BITS_MIN and _MAX in kernel/trace/tracing_map.h). */
export const HIST_SIZE = { least: 128, most: 131_072 } as const;

export const histSettings = z
  .strictObject({
    size: z
      .int()
      .min(HIST_SIZE.least)
      .max(HIST_SIZE.most)
      .refine((size) => Number.isInteger(Math.log2(size)), 'give a power of two from 128 to 131072')
      .default(4096)
      .describe(
        'Entries of each kernel histogram, one for each thread, hypercall and LIOBN: a power of two from 128 to 131072.',
      ),
    detail: z
      .boolean()
      .default(false)
      .describe(
        'Whether the kernel also counts which LIOBN each punt had and how long calls took, at a cost per call.',
      ),
  })
  .prefault({});

export type HistSettings = z.output<typeof histSettings>;
