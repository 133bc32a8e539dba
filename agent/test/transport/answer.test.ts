import { describe, expect, it } from 'vitest';
import { judge, retryAfterMs } from '../../src/transport/answer.js';

const answer = (status: number, text = '', retryAfter?: string) => ({ status, text, retryAfter });

describe('judge', () => {
  it.each([200, 202, 204])('takes %i as delivered', (status) => {
    expect(judge(answer(status), 0)).toEqual({ kind: 'delivered' });
  });

  it.each([408, 429, 500, 502, 503])('tries %i again', (status) => {
    expect(judge(answer(status), 0)).toMatchObject({ kind: 'retry', afterMs: 0 });
  });

  it.each([301, 400, 401, 413, 415])('takes %i as final', (status) => {
    expect(judge(answer(status), 0)).toMatchObject({ kind: 'rejected', status });
  });

  it('gives the message of a JSON error, and text in one safe line', () => {
    expect(judge(answer(400, '{"message":"batch malformed: vms"}'), 0)).toMatchObject({
      message: '400: batch malformed: vms',
    });
    expect(judge(answer(404, 'no\u001b[31m such\npage'), 0)).toMatchObject({ message: '404: no [31m such page' });
    expect(judge(answer(404, '{"message":7}'), 0)).toMatchObject({ message: '404: {"message":7}' });
    expect(judge(answer(404, ''), 0)).toMatchObject({ message: '404: no message' });
    expect(judge(answer(404, 'x'.repeat(5000)), 0)).toMatchObject({ message: `404: ${'x'.repeat(300)}` });
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
