import type { Batch } from '@tcewatch/protocol';
import { unpack } from '@tcewatch/recordings';
import { beforeAll, describe, expect, it } from 'vitest';
import { hint, sparkline, renderTable } from '../../src/top/table.js';
import { NO_RATES, newest, updateRates } from '../../src/top/rates.js';
import type { RatesState, VmRates } from '../../src/top/rates.js';
import { watch } from '../../src/top/watch.js';
import { AgentError } from '../../src/errors.js';
import type { Source } from '../../src/model.js';
import { createReplay } from '../../src/sources/replay/source.js';
import { testOptions } from '../sources/options.js';

const signal = new AbortController().signal;
const pace = { now: () => 0, sleep: () => Promise.resolve() };

/** States of `top` after each reading of the main recording. */
const states: RatesState[] = [];
let last: Batch;
beforeAll(async () => {
  let state = NO_RATES;
  for await (const batch of watch(createReplay(testOptions({ directory: await unpack('vfio-7.2') })), {
    pace,
    signal,
  })) {
    if (batch instanceof AgentError) throw batch;
    states.push((state = updateRates(state, batch)));
    last = batch;
  }
});

function vm(state: RatesState | undefined, name: string): VmRates {
  const found = state?.vms.find((vm) => vm.name === name);
  if (!found) throw new Error(`no VM ${name}`);
  return found;
}

/** The first state at or after that uptime in seconds. */
const at = (seconds: number) => states.find(({ uptimeNs }) => uptimeNs >= BigInt(seconds) * 1_000_000_000n);

describe('rates', () => {
  it('add up to what was counted', () => {
    let userspace = 0;
    states.forEach((state, i) => {
      const before = states[i - 1];
      const seconds = Number(state.uptimeNs - (before?.uptimeNs ?? state.uptimeNs)) / 1e9;
      for (const vm of state.vms) if (before) userspace += (newest(vm)?.userspace ?? 0) * seconds;
    });
    expect(Math.round(userspace)).toBe(30_871);
  });

  it('go back one minute', () => {
    const { rates } = vm(at(500), 'vfa');
    expect(Number((rates.at(-1)?.uptimeNs ?? 0n) - (rates[0]?.uptimeNs ?? 0n)) / 1e9).toBeCloseTo(60, -1);
  });

  it('show a VM that ended until it was idle for a minute', () => {
    const end = states.at(-1) ?? NO_RATES;
    const later = (seconds: number): Batch => ({
      ...last,
      clock: { ...last.clock, uptimeNs: last.clock.uptimeNs + BigInt(seconds) * 1_000_000_000n },
      vms: last.vms.map((vm) => ({ ...vm, ended: true })),
    });
    expect(updateRates(end, later(1)).vms.map(({ name, running }) => `${name} ${running}`)).toEqual([
      'vfa false',
      'hot false',
    ]);
    expect(updateRates(end, later(61)).vms).toEqual([]);
  });

  it('are not known until the second reading of an epoch', () => {
    expect(newest(vm(at(60), 'vfa'))).toBeDefined();
    const [first] = states;
    expect(first?.vms.map(newest).filter(Boolean)).toEqual([]);
  });
});

describe('the table', () => {
  it('puts the VM first that loses most calls to userspace, with a cause', () => {
    const [title, head, first, second] = renderTable(at(420) ?? NO_RATES, { sort: 'userspace', sparks: 30 });
    expect(title).toMatch(/^vfio-7\.2, Linux 7\.2\.13.*: 2 VMs, by userspace$/);
    expect(head).toMatch(/^VM +real\/s +virtual\/s +userspace\/s +in userspace +calls, last minute +cause$/);
    expect(first).toMatch(
      /^hot +0 +\d+ +\d+ +\d\d\.\d % +[▁-█]{20,30} +a LIOBN without a table, which VFIO may have taken/,
    );
    expect(second).toMatch(/^vfa +0 +\d+ +0 +0\.0 % +[▁-█]{20,30}$/);
  });

  it('can be sorted by all calls and by name', () => {
    const order = (sort: 'calls' | 'name') =>
      renderTable(at(420) ?? NO_RATES, { sort, sparks: 0 }).map((line) => line.slice(0, 3));
    expect(order('name').slice(2)).toEqual(['hot', 'vfa']);
    expect(order('calls').slice(2)).toEqual(['vfa', 'hot']);
  });

  it('says what could not be read', () => {
    expect(renderTable({ ...NO_RATES, problems: ['cannot read /x: no'] }, { sort: 'name', sparks: 0 }).at(-1)).toBe(
      '! cannot read /x: no',
    );
  });

  it('never draws a call as no call', () => {
    expect(sparkline([0, 1, 1000, 500])).toBe('▁▂█▅');
    expect(sparkline([])).toBe('');
    expect(sparkline([0, 0])).toBe('▁▁');
  });
});

describe('the hint', () => {
  const hot = () => vm(at(420), 'hot');
  const facts = (descriptors?: { tceTables: number; vfioGroups: number[] }) => ({
    ...hot(),
    facts: { observedNs: 0n, ...(descriptors && { descriptors }) },
  });
  const rates = (real: number | null, virtual: number, userspace: number | null) => ({
    ...facts({ tceTables: 2, vfioGroups: [] }),
    rates: [{ uptimeNs: 0n, perSecond: { real, virtual, userspace } }],
  });

  it('is by the descriptors of QEMU', () => {
    expect(hint(facts({ tceTables: 0, vfioGroups: [] }))).toBe('no TCE table in the kernel');
    expect(hint(facts())).toBe('its descriptors cannot be read');
    expect(hint(facts({ tceTables: 2, vfioGroups: [] }))).toBe('a LIOBN without a table; 2 left');
  });

  it('says nothing of a single call, and not all where real mode is not seen', () => {
    expect(hint(rates(0, 1000, 1))).toBe('');
    expect(hint(rates(null, 0, 10))).toContain('is not known');
    expect(hint(rates(0, 0, null))).toBe('cannot be counted on KVM PR');
  });
});

describe('watching', () => {
  const failing = (...outcomes: (AgentError | undefined)[]): Source => ({
    name: 'failing',
    open: () => Promise.resolve(),
    next: () => {
      const outcome = outcomes.shift();
      return outcome ? Promise.reject(outcome) : Promise.resolve(undefined);
    },
    close: () => Promise.resolve(),
  });

  it('fails with the first reading', async () => {
    const error = new AgentError('permission', 'run as root');
    await expect(watch(failing(error), { pace, signal, intervalMs: 1 }).next()).rejects.toBe(error);
  });
});
