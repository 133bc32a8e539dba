import { describe, expect, it } from 'vitest';
import { alive, ready } from '../../src/http/health.js';
import type { LoopStatus } from '../../src/run/loop.js';
import type { OutboxStats } from '../../src/outbox/outbox.js';

const status = (begunMs?: number, takenMs?: number) =>
  ({ begunMs, newest: takenMs === undefined ? undefined : { takenMs } }) as LoopStatus;
const stats = (newestDeliveredMs?: number) => ({ newestDeliveredMs }) as OutboxStats;
const at = (nowMs: number, of: LoopStatus, delivered?: OutboxStats, intervalMs = 20_000) => ({
  status: of,
  stats: delivered,
  intervalMs,
  nowMs,
});

describe('alive', () => {
  it('holds while readings are tried, whether they are had or not', () => {
    expect(alive(at(5_000_000, status()))).toEqual({ ok: true, reason: 'starting' });
    expect(alive(at(100_000, status(0)))).toMatchObject({ ok: true });
    expect(alive(at(100_001, status(0)))).toMatchObject({
      ok: false,
      reason: 'the last reading was begun 100.0 s ago; at most 100 s is normal',
    });
  });

  it('gives a loaded host a minute whatever the interval', () => {
    expect(alive(at(60_000, status(0), undefined, 100)).ok).toBe(true);
    expect(alive(at(60_001, status(0), undefined, 100)).ok).toBe(false);
  });
});

describe('ready', () => {
  it('needs a recent reading', () => {
    expect(ready(at(0, status(0)))).toEqual({ ok: false, reason: 'nothing was read yet' });
    expect(ready(at(100_000, status(100_000, 0)))).toMatchObject({ ok: true });
    expect(ready(at(100_001, status(100_001, 0)))).toMatchObject({ ok: false });
  });

  it('needs a recent delivery where there is a transport', () => {
    expect(ready(at(0, status(0, 0), stats()))).toEqual({ ok: false, reason: 'nothing was delivered yet' });
    expect(ready(at(200_000, status(0, 200_000), stats(100_000)))).toMatchObject({ ok: true });
    expect(ready(at(200_000, status(0, 200_000), stats(99_999)))).toMatchObject({ ok: false });
  });
});
