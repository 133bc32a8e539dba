/** Schemas of what the read API answers: OpenAPI and the checks of the answers come from here. */
import { EVIDENCE, HYPERCALL_NAMES, LOSS_KINDS, MODES, SCOPES, SPANS } from '@tcewatch/protocol';
import { z } from 'zod';

export const time = z.iso.datetime().describe("ISO 8601, on the host's clock.");

const evidence = z.object({
  evidence: z.enum(EVIDENCE).describe('How the figure is known.'),
  reason: z.string().describe('Why it is not exact, as a code of docs/reference/evidence.md.'),
});

export const hostBody = z.object({
  id: z.string(),
  name: z.string(),
  kernel: z.string(),
  cpu: z.string(),
  platform: z.string(),
  agentVersion: z.string(),
  source: z.string().describe('Where the agent reads its counts: hist, ring ...'),
  bootId: z.string(),
  epoch: z.string().describe('The life of the counters.'),
  intervalSeconds: z.number().describe('Time between readings.'),
  readAt: time,
  clockAheadSeconds: z
    .number()
    .nullable()
    .describe(
      "How far the host's clock is at least ahead of the collector's; negative: behind, or no reading of the last " +
        'minutes came fresh. Null: not known.',
    ),
  claimants: z
    .array(z.object({ name: z.string(), bootId: z.string(), run: z.string() }))
    .describe("Runs of agents that sent under this host's id at the same time; empty where there was one alone."),
  problems: z.array(z.string()).describe('What went wrong in the newest reading, and with the id and the clock.'),
});

export const vmBody = z.object({
  host: z.string().describe('Id of the host.'),
  life: z.string().describe('One life of the QEMU process.'),
  name: z.string(),
  uuid: z.string(),
  tgid: z.int(),
  startedAt: time,
  ended: z.boolean().describe('The process is gone; its counts are final.'),
  evidence: z.array(evidence.extend({ mode: z.enum(MODES), hypercall: z.enum(HYPERCALL_NAMES).nullable() })),
  facts: z
    .object({
      observedAt: time,
      tceTables: z.int().nullable(),
      vfioGroups: z.array(z.int()).nullable(),
      memlockBytes: z.string().nullable().describe('Decimal; 18446744073709551615 is unlimited.'),
      qemu: z.string().nullable(),
      libvirtDomain: z.string().nullable(),
      podUid: z.string().nullable(),
      mmu: z.enum(['radix', 'hpt']).nullable(),
      vcpus: z.int().nullable(),
    })
    .nullable()
    .describe('The newest that /proc showed; null for what the agent could not read.'),
});

const modes = z.array(
  evidence.extend({
    mode: z.enum(MODES),
    calls: z.number().nullable().describe('Null: nobody can observe it.'),
    entries: z.number().nullable().describe('TCE entries that these calls asked for; null: cannot be told.'),
  }),
);

const figures = z.object({
  hypercall: z.enum(HYPERCALL_NAMES),
  modes,
  entries: z
    .number()
    .nullable()
    .describe('TCE entries of all calls that reached the kernel: known also where no mode has its own.'),
});

export const countsBody = z.object({
  host: z.string(),
  life: z.string(),
  vm: z.string(),
  uuid: z.string(),
  hypercalls: z.array(figures),
});

const bounds = z.object({
  aboveUs: z.number().describe('Longer than so many microseconds.'),
  upToUs: z.number().nullable().describe('No longer than so many; null: without end.'),
});

export const latencyBody = z.object({
  host: z.string(),
  life: z.string(),
  vm: z.string(),
  uuid: z.string(),
  seconds: z.number().nullable().describe('Time between the readings that the figures are between.'),
  lostMsPerSecond: z
    .number()
    .nullable()
    .describe("Milliseconds of each second that the VM's threads together spent on round trips; null: not measured."),
  spans: z.array(
    z.object({
      span: z.enum(SPANS).describe('handled: in the kernel alone; round_trip: through userspace and back.'),
      hypercall: z.enum(HYPERCALL_NAMES),
      calls: z.number().describe('Calls that were measured.'),
      unmeasured: z.number().nullable().describe('Calls that were counted and not measured; null: not counted either.'),
      totalUs: z.number().describe('Time of the measured calls together, in microseconds.'),
      p50: bounds.nullable().describe('Where the median of the measured calls lies.'),
      p99: bounds.nullable().describe('Where their 99th percentile lies.'),
      buckets: z.array(bounds.extend({ calls: z.number() })),
    }),
  ),
});

export const liobnBody = figures.extend({
  scope: z
    .enum(SCOPES)
    .describe('one: this LIOBN; all: calls whose LIOBN the source cannot tell; other: LIOBNs that a cap folded.'),
  liobn: z.string().nullable().describe('Hexadecimal, such as 0x80000000; null unless the scope is one.'),
});

export const stepBody = figures.extend({
  at: time.describe('Beginning of the step.'),
  read: z.boolean().describe('Whether the host was read in this step; if not, its calls are in the next that was.'),
});

export const accountBody = z.object({
  host: z.string(),
  counter: z.enum(['entered', 'punted']),
  seen: z.number().describe('Events that the kernel saw.'),
  stored: z.number().describe('Events that the stored series hold.'),
  lost: z.number().describe('Events that the kernel could not count.'),
  losses: z.record(z.enum(LOSS_KINDS), z.number()),
  balanced: z.boolean().describe('Whether seen = stored + lost.'),
});

export const errorBody = z.object({
  error: z.string().describe('A code in kebab-case.'),
  field: z.string().optional().describe('The parameter that is to blame.'),
  message: z.string(),
});

/** The responses of a route. */
export const answers = <T extends z.ZodType>(body: T, description: string) => ({
  200: body.describe(description),
  '4xx': errorBody,
  '5xx': errorBody,
});
