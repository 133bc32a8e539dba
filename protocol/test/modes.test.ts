import { deriveModes, enteredEntries } from '@tcewatch/protocol';
import type { ModeEvidence } from '@tcewatch/protocol';
import { describe, expect, it } from 'vitest';

const EXACT: ModeEvidence[] = [
  { mode: 'virtual', evidence: 'exact', reason: '' },
  { mode: 'userspace', evidence: 'exact', reason: '' },
];
const ABSENT: ModeEvidence[] = [...EXACT, { mode: 'real', evidence: 'absent', reason: 'no-handlers' }];
const UNSEEN: ModeEvidence[] = [...EXACT, { mode: 'real', evidence: 'unobservable', reason: 'real-mode-invisible' }];
const DERIVED: ModeEvidence[] = [...EXACT, { mode: 'real', evidence: 'derived', reason: 'guest-reports' }];

function calls(...args: Parameters<typeof deriveModes>): Record<string, number | null> {
  return Object.fromEntries(deriveModes(...args).map((figure) => [figure.mode, figure.calls]));
}

function entries(...args: Parameters<typeof deriveModes>): Record<string, number | null> {
  return Object.fromEntries(deriveModes(...args).map((figure) => [figure.mode, figure.entries]));
}

describe('modes', () => {
  it('are the punted, the entered less the punted, and the issued less the entered', () => {
    expect(calls('H_STUFF_TCE', { entered: 10, punted: 3, issued: 14 }, DERIVED)).toEqual({
      real: 4,
      virtual: 7,
      userspace: 3,
    });
  });

  it('show real mode as true zero only where it cannot occur', () => {
    expect(calls('H_PUT_TCE', { entered: 5, issued: 9 }, ABSENT)['real']).toBe(0);
    expect(calls('H_PUT_TCE', { entered: 5, issued: 9 }, UNSEEN)['real']).toBeNull();
    expect(calls('H_PUT_TCE', { entered: 5 }, DERIVED)['real']).toBeNull();
    expect(deriveModes('H_PUT_TCE', { entered: 5 }, [])).toMatchObject([
      { mode: 'real', calls: null, evidence: 'unobservable' },
      { mode: 'virtual', calls: null, evidence: 'unobservable' },
      { mode: 'userspace', calls: null, evidence: 'unobservable' },
    ]);
  });

  it('take what is said of one hypercall before what is said of all', () => {
    const evidence: ModeEvidence[] = [
      ...ABSENT,
      { mode: 'real', hypercall: 'H_GET_TCE', evidence: 'unobservable', reason: 'get-in-real-mode' },
    ];
    expect(calls('H_GET_TCE', { entered: 1 }, evidence)['real']).toBeNull();
    expect(calls('H_PUT_TCE', { entered: 1 }, evidence)['real']).toBe(0);
  });

  it('know entries only where nothing has to be guessed', () => {
    const all = { entered: 10, entered_entries: 160 };
    expect(entries('H_PUT_TCE', { entered: 10, punted: 4 }, ABSENT)).toEqual({ real: 0, virtual: 6, userspace: 4 });
    expect(entries('H_STUFF_TCE', { ...all, punted: 0 }, ABSENT)).toEqual({ real: 0, virtual: 160, userspace: 0 });
    expect(entries('H_STUFF_TCE', { ...all, punted: 10 }, ABSENT)).toEqual({ real: 0, virtual: 0, userspace: 160 });
    expect(entries('H_STUFF_TCE', { ...all, punted: 4 }, ABSENT)).toEqual({ real: 0, virtual: null, userspace: null });
    expect(entries('H_STUFF_TCE', { ...all, punted: 4, punted_entries: 64 }, ABSENT)).toEqual({
      real: 0,
      virtual: 96,
      userspace: 64,
    });
  });

  it('know no entries of a mode that has calls of unknown size, nor those that are made up of it', () => {
    const split = { entered: 10, entered_entries: 160, punted: 4, punted_entries: 64 };
    const of = (unsized: object) => entries('H_STUFF_TCE', { ...split, ...unsized }, ABSENT);
    expect(of({ entered_unsized: 0, punted_unsized: 0 })).toEqual({ real: 0, virtual: 96, userspace: 64 });
    expect(of({ entered_unsized: 1 })).toEqual({ real: 0, virtual: null, userspace: 64 });
    expect(of({ entered_unsized: 1, punted_unsized: 1 })).toEqual({ real: 0, virtual: null, userspace: null });
    const all = { entered: 10, entered_entries: 160, entered_unsized: 1 };
    expect(entries('H_STUFF_TCE', { ...all, punted: 0 }, ABSENT)).toEqual({ real: 0, virtual: null, userspace: 0 });
    expect(entries('H_STUFF_TCE', { ...all, punted: 10 }, ABSENT)).toEqual({ real: 0, virtual: 0, userspace: null });
  });

  it('never show fewer than no calls', () => {
    expect(calls('H_PUT_TCE', { entered: 2, punted: 3, issued: 1 }, DERIVED)).toEqual({
      real: 0,
      virtual: 0,
      userspace: 3,
    });
  });

  // Seen on a host: a guest called with 20,000 LIOBNs, and the histogram of calls that enter had room for 16,391.
  it('show every punt where the kernel had no room to count all that entered', () => {
    const flood = { entered: 16_391, punted: 20_000, entered_entries: 16_391 };
    expect(calls('H_PUT_TCE', flood, ABSENT)).toEqual({ real: 0, virtual: 0, userspace: 20_000 });
    expect(entries('H_PUT_TCE', flood, ABSENT)).toEqual({ real: 0, virtual: 0, userspace: 20_000 });
    expect(entries('H_STUFF_TCE', flood, ABSENT)).toEqual({ real: 0, virtual: 0, userspace: null });
  });
});

describe('enteredEntries', () => {
  it('is known of calls with one entry each, and of the others where the source sums them', () => {
    expect(enteredEntries('H_PUT_TCE', { entered: 7 })).toBe(7);
    expect(enteredEntries('H_STUFF_TCE', { entered: 7, punted: 3, entered_entries: 900 })).toBe(900);
    expect(enteredEntries('H_STUFF_TCE', { entered: 7 })).toBeNull();
    expect(enteredEntries('H_STUFF_TCE', { entered: 7, entered_entries: 900, entered_unsized: 1 })).toBeNull();
    expect(enteredEntries('H_STUFF_TCE', {})).toBe(0);
  });
});
