import { decodeBatch, deriveId, encodeBatch, latenciesFromRows, seriesFromRows } from '@tcewatch/protocol';
import { expect, it } from 'vitest';
import { buildBatch } from '../src/batch-builder.js';
import type { LedgerSnapshot } from '../src/ledger/state.js';
import type { Reading } from '../src/model.js';

const reading: Reading = {
  clock: { wallNs: 11n, uptimeNs: 12n },
  host: { id: 'h', name: 'host', kernel: '7.2', cpu: 'POWER9', platform: 'pSeries', agentVersion: '1', source: 'hist' },
  bootId: deriveId('boot'),
  epoch: deriveId('epoch of the source'),
  epochBeganNs: 1n,
  cells: [],
  accounts: [],
  vms: [],
  unattributedEvidence: [],
  problems: [],
};

const snapshot: LedgerSnapshot = {
  epoch: deriveId('epoch of the ledger'),
  epochBeganNs: 2n,
  vms: [{ life: deriveId('vm'), name: 'vm', uuid: '', tgid: 7, startedNs: 3n, ended: false, evidence: [] }],
  series: seriesFromRows([
    { vm: 0, counter: 'entered', hypercall: 'H_PUT_TCE', scope: 'one', liobn: 0x80000000n, value: 5 },
  ]),
  latencies: latenciesFromRows([
    { vm: 0, span: 'round_trip', hypercall: 'H_PUT_TCE', bucket: 9, calls: 5, totalUs: 1500 },
  ]),
  accounts: [{ counter: 'entered', seen: 6, losses: [{ kind: 'table-full', events: 1 }] }],
  problems: ['cannot read x'],
  folded: { liobnCalls: 0, vmCalls: 0, vms: 0, threads: 0 },
  sizes: { threads: 0, cells: 0 },
};

const parts = { reading, snapshot, run: deriveId('run'), sequence: 4, intervalNs: 10n };

it('makes a batch that travels as it is', () => {
  const batch = buildBatch(parts);
  expect(decodeBatch(encodeBatch(batch))).toEqual(batch);
  expect(batch).toMatchObject({
    epoch: snapshot.epoch,
    epochBeganNs: 2n,
    clock: reading.clock,
    host: reading.host,
    run: parts.run,
    sequence: 4,
    intervalNs: 10n,
    problems: ['cannot read x'],
  });
});

it('tells latencies if the reading has some, and not those of a reading before', () => {
  expect(buildBatch(parts).latencies).toBeUndefined();
  const batch = buildBatch({ ...parts, reading: { ...reading, latencies: [] } });
  expect(decodeBatch(encodeBatch(batch)).latencies).toEqual(snapshot.latencies);
});

it('never lets what went wrong make a batch that is refused', () => {
  const problems = Array.from({ length: 1000 }, (_, i) => `\u001b${'x'.repeat(5000)}${i}`);
  const batch = buildBatch({ ...parts, snapshot: { ...snapshot, problems } });
  expect(decodeBatch(encodeBatch(batch)).problems).toHaveLength(33);
  expect(batch.problems.at(-1)).toBe('and 968 more problems');
});
