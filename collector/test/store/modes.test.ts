/** Modes in SQL are those of the protocol's rule, whatever was counted and whatever is said of it. */
import { COUNTERS, EVIDENCE, HYPERCALL_NAMES, MODES, deriveModes } from '@tcewatch/protocol';
import type { CounterValues, ModeEvidence } from '@tcewatch/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';
import { modes } from '../../src/store/sql.js';
import { temporaryEngine } from '../embedded-clickhouse/temporary-engine.js';

let engine: Engine;

beforeAll(async () => {
  engine = await temporaryEngine();
});

afterAll(async () => {
  await engine.close();
});

const values = fc.record(Object.fromEntries(COUNTERS.map((counter) => [counter, fc.nat({ max: 20 })])), {
  requiredKeys: [],
}) as fc.Arbitrary<CounterValues>;

const evidence = fc.uniqueArray(
  fc.record({
    mode: fc.constantFrom(...MODES),
    hypercall: fc.option(fc.constantFrom(...HYPERCALL_NAMES), { nil: undefined }),
    evidence: fc.constantFrom(...EVIDENCE),
    reason: fc.constantFrom('a', 'b'),
  }),
  { selector: ({ mode, hypercall }) => `${mode} ${hypercall ?? 'all'}` },
) as fc.Arbitrary<ModeEvidence[]>;

it('derives what the protocol derives', async () => {
  const lives = fc.array(fc.tuple(fc.constantFrom(...HYPERCALL_NAMES), values, evidence), {
    minLength: 20,
    maxLength: 40,
  });
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const counted = all.filter(([, counters]) => Object.keys(counters).length > 0);
      const expected = counted.flatMap(([hypercall, counters, said], life) =>
        deriveModes(hypercall, counters, said).map(({ mode, calls, evidence, reason }) => ({
          life,
          hypercall,
          mode,
          calls,
          evidence,
          reason,
        })),
      );
      expect(await derived(counted)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
});

async function derived(all: readonly [string, CounterValues, ModeEvidence[]][]): Promise<unknown> {
  if (all.length === 0) return [];
  const increases = all.flatMap(([hypercall, counters], life) =>
    Object.entries(counters).map(([counter, value]) => `(${life}, '${hypercall}', '${counter}', ${value})`),
  );
  const lives = all.map(([, , said], life) => {
    const words = said.map(
      ({ mode, hypercall = 'all', evidence, reason }) => `('${mode}', '${hypercall}', '${evidence}', '${reason}')`,
    );
    const type = 'Array(Tuple(mode String, hypercall String, evidence String, reason String))';
    return `SELECT 'h' AS host, ${life} AS life, 'v' AS vm, '' AS uuid, [${words.join(', ')}]::${type} AS evidence`;
  });
  const sql = modes(
    `SELECT 'h' AS host, * FROM values('life UInt8, hypercall String, counter String, increase Int64', ${increases.join(', ')})`,
    'host, life',
    lives.join(' UNION ALL '),
  );
  const { bytes } = await engine.run({
    sql: `SELECT life, hypercall, mode, calls, evidence, reason FROM (${sql})
      ORDER BY life, indexOf(['real', 'virtual', 'userspace'], mode)`,
    format: 'JSONEachRow',
    preparation: ['SET join_use_nulls = 1, output_format_json_quote_64bit_integers = 0'],
  });
  const lines = Buffer.from(bytes).toString().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as unknown);
}
