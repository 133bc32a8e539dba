import { describe, expect, it } from 'vitest';
import { verdictOf, retryAfterMs } from '../../src/transport/http-response.js';
import type { Verdict } from '../../src/transport/transport.js';

const answer = (status: number, text = '', retryAfter?: string) => ({ status, text, retryAfter });

const refusals = (verdict: Verdict) => (verdict.kind === 'settled' ? [...verdict.refusals] : verdict.kind);
const listed = (...refused: unknown[]) => JSON.stringify({ error: 'e', message: 'm', refused });

describe('verdictOf', () => {
  it.each([200, 202, 204])('takes %i as delivered', (status) => {
    expect(verdictOf(answer(status), 0, 3)).toEqual({ kind: 'settled', refusals: new Map() });
  });

  it.each([408, 429, 500, 502, 503])('tries %i again', (status) => {
    expect(verdictOf(answer(status), 0, 1)).toMatchObject({ kind: 'retry', afterMs: 0 });
    expect(verdictOf(answer(status, listed({ index: 0, error: 'invalid', message: 'x' })), 0, 1).kind).toBe('retry');
  });

  it.each([301, 400, 401, 413, 415])('takes %i as final', (status) => {
    expect(refusals(verdictOf(answer(status), 0, 1))).toMatchObject([[0, { reason: String(status) }]]);
  });

  it('takes a batch that the answer lists as refused for its own reason, and the others as the status says', () => {
    const text = listed({ index: 1, error: 'invalid', message: 'host.id:\nis missing' });
    const one = [1, { reason: 'invalid', message: 'host.id: is missing' }];
    expect(refusals(verdictOf(answer(202, text), 0, 3))).toEqual([one]);
    expect(refusals(verdictOf(answer(400, text), 0, 2))).toEqual([[0, { reason: '400', message: '400: m' }], one]);
  });

  it('does not fall for a list that cannot be', () => {
    const wrong = [
      listed({ index: 3, error: 'invalid', message: 'x' }),
      listed({ index: -1, error: 'invalid', message: 'x' }),
      listed({ index: 0 }),
      '{"refused":7}',
      '[]',
      '{"refused":[',
    ];
    for (const text of wrong) expect(refusals(verdictOf(answer(202, text), 0, 3))).toEqual([]);
    const unknown = listed({ index: 0, error: 'one of millions', message: 'x' });
    expect(refusals(verdictOf(answer(202, unknown), 0, 1))).toMatchObject([[0, { reason: 'other' }]]);
  });

  it('asks for smaller requests only when several batches together are too large', () => {
    expect(verdictOf(answer(413), 0, 2)).toEqual({ kind: 'too-large' });
    expect(refusals(verdictOf(answer(413), 0, 1))).toMatchObject([[0, { reason: '413' }]]);
    const each = [0, 1].map((index) => ({ index, error: 'too-large', message: 'x' }));
    expect(refusals(verdictOf(answer(413, listed(...each)), 0, 2))).toMatchObject([
      [0, { reason: 'too-large' }],
      [1, { reason: 'too-large' }],
    ]);
  });

  it('gives the message of a JSON error, and text in one safe line', () => {
    const messageOf = (status: number, text: string) => {
      const verdict = verdictOf(answer(status, text), 0, 1);
      return verdict.kind === 'settled' ? verdict.refusals.get(0)?.message : verdict.kind;
    };
    expect(messageOf(400, '{"message":"batch malformed: vms"}')).toBe('400: batch malformed: vms');
    expect(messageOf(404, 'no\u001b[31m such\npage')).toBe('404: no [31m such page');
    expect(messageOf(404, '{"message":7}')).toBe('404: {"message":7}');
    expect(messageOf(404, '')).toBe('404: no message');
    expect(messageOf(404, 'x'.repeat(5000))).toBe(`404: ${'x'.repeat(300)}`);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-11-22T10:00:00Z');

  it('reads seconds and dates, and bounds both', () => {
    expect(retryAfterMs('7', now)).toBe(7000);
    expect(retryAfterMs('Sun, 22 Nov 2026 10:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Sun, 22 Nov 2026 09:00:00 GMT', now)).toBe(0);
    expect(retryAfterMs('99999999', now)).toBe(300_000);
    expect(retryAfterMs('soon', now)).toBe(0);
    expect(retryAfterMs(undefined, now)).toBe(0);
  });
});
