/** States of VMs in SQL are those of the protocol's rule, whatever was counted and whatever is said of it. */
import { COUNTERS, EVIDENCE, HYPERCALL_NAMES, MODES, VM_STATES, sumModes, vmState } from '@tcewatch/protocol';
import type { CounterValues, Hypercall, ModeEvidence } from '@tcewatch/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';
import { vmStates } from '../../src/store/sql.js';
import { temporaryEngine } from '../embedded-clickhouse/directories.js';

let engine: Engine;

beforeAll(async () => {
  engine = await temporaryEngine();
});

afterAll(async () => {
  await engine.close();
});

interface Given {
  hostReports: boolean;
  alertFires: boolean;
  counters: Partial<Record<Hypercall, CounterValues>>;
  evidence: ModeEvidence[];
}

/** Small and often 0, so that idle VMs are not rare. */
const values = fc.record(Object.fromEntries(COUNTERS.map((counter) => [counter, fc.nat({ max: 2 })])), {
  requiredKeys: [],
}) as fc.Arbitrary<CounterValues>;

const counters = fc.oneof(
  fc.constant({}),
  fc.record(Object.fromEntries(HYPERCALL_NAMES.map((name) => [name, values])), { requiredKeys: [] }),
) as fc.Arbitrary<Given['counters']>;

/** Nearly always known: else nearly all VMs would be unobservable. */
const KNOWN = EVIDENCE.filter((evidence) => evidence !== 'unobservable');
const evidence = fc.oneof(
  fc.constant(MODES.map((mode): ModeEvidence => ({ mode, evidence: mode === 'real' ? 'absent' : 'exact', reason: 'a' }))),
  fc.uniqueArray(
    fc.record({
      mode: fc.constantFrom(...MODES),
      hypercall: fc.option(fc.constantFrom(...HYPERCALL_NAMES), { nil: undefined }),
      evidence: fc.constantFrom(...KNOWN, ...EVIDENCE),
      reason: fc.constantFrom('a', 'b'),
    }),
    { selector: ({ mode, hypercall }) => `${mode} ${hypercall ?? 'all'}`, maxLength: 12 },
  ),
) as fc.Arbitrary<ModeEvidence[]>;

const vm: fc.Arbitrary<Given> = fc.record({
  hostReports: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, fc.constant(false)),
  alertFires: fc.oneof({ weight: 3, arbitrary: fc.constant(false) }, fc.constant(true)),
  counters,
  evidence,
});

it('says what the protocol says', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(vm, { minLength: 40, maxLength: 80 }), async (vms) => {
      const expected = vms.map(({ counters, evidence, ...given }, life) => {
        const modes = sumModes(counters, evidence);
        const state = vmState({ ...given, modes });
        seen.add(state);
        return { life, vm_state: state, ...Object.fromEntries(modes.map(({ mode, calls }) => [mode, calls])) };
      });
      expect(await said(vms)).toEqual(expected);
    }),
    { numRuns: 10 },
  );
  expect([...seen].sort()).toEqual([...VM_STATES].sort());
});

/** Each VM has a host of its own, and its number is its life. */
async function said(vms: readonly Given[]): Promise<unknown> {
  const increases = vms.flatMap(({ counters }, life) =>
    Object.entries(counters).flatMap(([hypercall, own]) =>
      Object.entries(own).map(([counter, value]) => `(${life}, ${life}, '${hypercall}', '${counter}', ${value})`),
    ),
  );
  const rows = vms.map(({ evidence }, life) => {
    const words = evidence.map(
      ({ mode, hypercall = 'all', evidence, reason }) => `('${mode}', '${hypercall}', '${evidence}', '${reason}')`,
    );
    const type = 'Array(Tuple(mode String, hypercall String, evidence String, reason String))';
    return `SELECT ${life}::UInt8 AS host, ${life}::UInt8 AS life, 'v' AS vm, '' AS uuid, [${words.join(', ')}]::${type} AS evidence`;
  });
  const numbers = (which: (vm: Given) => boolean): string =>
    `SELECT arrayJoin([${vms.flatMap((vm, life) => (which(vm) ? [life] : [])).join(', ')}]::Array(UInt8)) AS host`;
  const sql = vmStates({
    vms: rows.join(' UNION ALL '),
    // Of a VM that is not asked about, too.
    increases: `SELECT * FROM values('host UInt8, life UInt8, hypercall String, counter String, increase Int64',
      ${[...increases, "(255, 255, 'H_PUT_TCE', 'entered', 1)"].join(', ')})`,
    reporting: numbers(({ hostReports }) => hostReports),
    alerting: `SELECT host, host AS life FROM (${numbers(({ alertFires }) => alertFires)})`,
  });
  const { bytes } = await engine.run({
    sql: `SELECT life, vm_state, real, virtual, userspace FROM (${sql}) ORDER BY life`,
    format: 'JSONEachRow',
    preparation: ['SET join_use_nulls = 1, output_format_json_quote_64bit_integers = 0'],
  });
  const lines = Buffer.from(bytes).toString().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as unknown);
}
