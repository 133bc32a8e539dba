import { LOSS_KINDS, deriveId } from '@tcewatch/protocol';
import type { Account, LossKind } from '@tcewatch/protocol';
import { BOOTED_NS, SECOND, batchOf } from '@tcewatch/testing/batches';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAUSES, duplicateCause, incompleteCause, silentCause } from '../../../src/alerts/causes/index.js';
import type { Silence } from '../../../src/alerts/causes/index.js';
import { runOf } from '../../../src/hosts/agent-runs.js';

const lone: Silence = {
  of: 'host',
  seconds: 95.25,
  lastReadNs: BOOTED_NS + 100n * SECOND,
  neighbours: null,
  hosts: { silent: 1, watched: 20 },
};
const lost = (kind: LossKind, events: number, counter: Account['counter'] = 'entered'): Account => ({
  counter,
  seen: 20_000,
  losses: [{ kind, events }],
});

describe('silentCause', () => {
  it.each<[string, Partial<Silence>]>([
    ['silent', {}],
    ['silent', { of: 'guest' }],
    ['agent-stopped', { neighbours: true }],
    ['guest-agent-stopped', { of: 'guest', neighbours: true }],
    ['host-unreachable', { neighbours: false }],
    ['many-hosts-silent', { hosts: { silent: 10, watched: 20 } }],
    ['many-hosts-silent', { hosts: { silent: 3, watched: 3 }, neighbours: false }],
    ['agent-stopped', { hosts: { silent: 10, watched: 20 }, neighbours: true }],
    ['silent', { hosts: { silent: 9, watched: 20 } }],
    ['silent', { hosts: { silent: 2, watched: 2 } }],
  ])('is %s of %o', (code, known) => {
    expect(silentCause({ ...lone, ...known }).cause.code).toBe(code);
  });

  it('tells since when nothing has come, and who else is silent', () => {
    expect(silentCause({ ...lone, neighbours: false }).facts).toEqual([
      'Nothing has come for 95.3 s; the last reading is of 2026-11-22T12:01:40.000Z.',
      'Other agents on the same host are silent too.',
      '1 of 20 hosts are silent.',
    ]);
  });
});

describe('incompleteCause', () => {
  it.each(LOSS_KINDS)('has a cause for %s', (kind) => {
    expect(incompleteCause({ accounts: [lost(kind, 1)], seconds: 20 }).cause.code).toBe(`lost-${kind}`);
  });

  it('is the kind with most events, of calls and punts together', () => {
    const accounts = [lost('dropped', 30), lost('table-full', 20), lost('table-full', 20, 'punted')];
    const { cause, facts } = incompleteCause({ accounts, seconds: 20 });
    expect(cause.code).toBe('lost-table-full');
    expect(facts).toEqual([
      'In 20 s, 30 of 20,000 calls that entered the kernel were dropped.',
      'In 20 s, 20 of 20,000 calls that entered the kernel found the histogram full.',
      'In 20 s, 20 of 20,000 punts found the histogram full.',
    ]);
  });

  it('blames no kind of which nothing was lost', () => {
    expect(incompleteCause({ accounts: [lost('dropped', 0)], seconds: 20 }).cause.code).toBe('lost');
  });
});

describe('duplicateCause', () => {
  const run = (boot: string, name: string) =>
    runOf({ ...batchOf({ uptime: 100, vms: [], boot }), run: deriveId(name) }, BOOTED_NS);

  it('is two hosts where boots differ, and two agents where they do not', () => {
    expect(duplicateCause([run('a', '1'), run('b', '2')]).cause.code).toBe('two-hosts-one-id');
    expect(duplicateCause([run('a', '1'), run('a', '2')]).cause.code).toBe('two-agents-one-host');
  });

  it('names each claimant', () => {
    const { bootId, run: id } = run('a', '1');
    expect(duplicateCause([run('a', '1'), run('b', '2')]).facts[0]).toBe(
      `h.example (boot ${bootId}, run ${id}) was read from 2026-11-22T12:01:40.000Z to 2026-11-22T12:01:40.000Z.`,
    );
  });
});

it('gives one of the causes of its alert, whatever is known', () => {
  const codes = (alert: keyof typeof CAUSES): string[] => CAUSES[alert].map(({ code }) => code);
  const count = fc.double();
  const silence: fc.Arbitrary<Silence> = fc.record({
    of: fc.constantFrom('host', 'guest'),
    seconds: count,
    lastReadNs: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    neighbours: fc.option(fc.boolean()),
    hosts: fc.record({ silent: count, watched: count }),
  });
  const account: fc.Arbitrary<Account> = fc.record({
    counter: fc.constantFrom('entered', 'punted'),
    seen: count,
    losses: fc.array(fc.record({ kind: fc.constantFrom(...LOSS_KINDS), events: count })),
  });
  fc.assert(
    fc.property(silence, fc.array(account), count, (known, accounts, seconds) => {
      expect(codes('TceTelemetrySilent')).toContain(silentCause(known).cause.code);
      expect(codes('TceCountsIncomplete')).toContain(incompleteCause({ accounts, seconds }).cause.code);
    }),
  );
  expect(codes('TceDuplicateIdentity')).toContain(duplicateCause([]).cause.code);
});
