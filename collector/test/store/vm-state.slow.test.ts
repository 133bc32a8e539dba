/** States of VMs in SQL are those of the protocol's rule, whatever was counted and whatever is said of it. */
import { COUNTERS, EVIDENCE, HYPERCALL_NAMES, MODES, VM_STATES, sumModes, vmState } from '@tcewatch/protocol';
import type { CounterValues, Hypercall, ModeEvidence } from '@tcewatch/protocol';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { batchOf } from '@tcewatch/testing/series-batches';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Engine } from '../../src/embedded-clickhouse/engine.js';
import { createDetector } from '../../src/alerts/index.js';
import { askFleet } from '../../src/api/fleet.js';
import type { AlertEvent } from '../../src/alerts/event.js';
import { ClickHouse } from '../../src/store/index.js';
import { vmStates, vmStatesAt } from '../../src/store/sql.js';
import { temporaryEngine } from '../embedded-clickhouse/temporary-engine.js';
import { firingAlert } from '../events.js';
import { surroundings } from './surroundings.js';

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
  fc.constant(
    MODES.map((mode): ModeEvidence => ({ mode, evidence: mode === 'real' ? 'absent' : 'exact', reason: 'a' })),
  ),
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

/** Batches of a recording from one comparison to the next. */
const EVERY = 25;

it('says of a host at each time of a recording what the read API says', async () => {
  const around = await surroundings();
  const store = await around.open('states');
  const clickhouse = new ClickHouse(around.clickhouse, 'states');
  const detector = createDetector();
  const batches = await recordedBatches('vfio-7.2');
  const seen = new Set<string>();

  /** Compares the answers of SQL and of the read API just after a batch. */
  async function compare(wallNs: bigint): Promise<void> {
    const sql = vmStatesAt(`fromUnixTimestamp64Nano(${wallNs + 1n}, 'UTC')`);
    const rows = await clickhouse.select<Record<string, unknown>>('cannot', `SELECT * FROM (${sql}) ORDER BY life`);
    const fleet = await askFleet(store);
    const expected = fleet
      .map(({ host, life, vm, uuid, state, modes }) => {
        seen.add(state);
        const calls = modes.map(({ mode, calls }) => [mode, calls === null ? null : String(calls)] as const);
        return { host: host.id, life, vm, uuid, ...Object.fromEntries(calls), vm_state: state };
      })
      .sort((a, b) => Buffer.compare(Buffer.from(sortable(a.life)), Buffer.from(sortable(b.life))));
    expect(rows).toEqual(expected);
  }

  for (let first = 0; first < batches.length; first += EVERY) {
    const some = batches.slice(first, first + EVERY);
    await store.insertBatches(some);
    await store.insertAlertEvents(some.flatMap((batch) => detector.observe(batch)));
    await compare(some.at(-1)?.clock.wallNs ?? 0n);
  }
  const { host, clock } = batches.at(-1) ?? batchOf({ uptime: 0, series: [] });
  const silence: AlertEvent = {
    ...firingAlert(),
    alert: 'TceTelemetrySilent',
    hostId: host.id,
    vm: null,
    firedAtNs: clock.wallNs,
    atNs: clock.wallNs,
  };
  await store.insertAlertEvents([silence]);
  await compare(clock.wallNs);
  const ended = { state: 'resolved', revision: 1, resolvedAtNs: clock.wallNs } as const;
  await store.insertAlertEvents([{ ...silence, ...ended }]);
  await compare(clock.wallNs);
  expect([...seen].sort()).toEqual(['accelerated', 'fallback', 'idle', 'silent']);
  await clickhouse.close();
  await around.close();
});

/** ClickHouse orders UUIDs by their second half first. */
function sortable(uuid: string): string {
  return uuid.slice(19) + uuid.slice(0, 19);
}
