/** What the agent's paired histograms told of each VM: which LIOBN its punts were of, and how long calls took. */
import { z } from 'zod';
import type { Stored } from './collector.js';

const bound = z.object({ aboveUs: z.number(), upToUs: z.number().nullable() }).nullable();
const latencySchema = z.object({
  lostMsPerSecond: z.number().nullable(),
  spans: z.array(
    z.object({
      span: z.enum(['handled', 'round_trip']),
      hypercall: z.string(),
      calls: z.number(),
      unmeasured: z.number().nullable(),
      p50: bound,
    }),
  ),
});
const liobnsSchema = z.array(
  z.object({
    hypercall: z.string(),
    scope: z.string(),
    liobn: z.string().nullable(),
    modes: z.array(z.object({ mode: z.string(), calls: z.number().nullable() })),
  }),
);

export interface Detail {
  lines: string[];
  faults: string[];
}

/** Nothing was paired of a VM that made calls: a fault, since the figures beside it come without detail too. */
export async function detailOf(url: string, { vms }: Stored): Promise<Detail> {
  const lines: string[] = [];
  const faults: string[] = [];
  const range = `from=1970-01-01T00:00:01Z&to=${new Date(Date.now() + 86_400_000).toISOString()}`;
  for (const { name, life } of vms) {
    const ask = async (what: string): Promise<unknown> =>
      (await fetch(`${url}/v1/vms/${life}/${what}?${range}`)).json();
    const { spans, lostMsPerSecond } = latencySchema.parse(await ask('latency'));
    for (const { span, hypercall, calls, unmeasured, p50 } of spans) {
      const median = p50 ? `median ${p50.aboveUs} to ${p50.upToUs ?? '...'} us` : 'no median';
      lines.push(`${name}: ${hypercall} ${span}: ${calls} timed, ${unmeasured ?? 'unknown'} not, ${median}`);
    }
    if (!spans.some(({ calls }) => calls > 0)) faults.push(`${name}: no call was timed`);
    lines.push(`${name}: ${lostMsPerSecond ?? 'unknown'} ms lost to userspace per second`);
    for (const { hypercall, scope, liobn, modes } of liobnsSchema.parse(await ask('liobns'))) {
      const told = modes.map(({ mode, calls }) => `${mode} ${calls ?? 'unknown'}`).join(', ');
      lines.push(`${name}: ${hypercall} on ${liobn ?? scope}: ${told}`);
    }
  }
  return { lines, faults };
}
