import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DISTURBANCES, scheduleOf } from '../src/schedule.js';

const spec = { durationMs: 120_000, agents: 4, collectors: 2, brokers: 1 };

it('repeats a schedule by its seed, and makes another of another', () => {
  expect(scheduleOf({ ...spec, seed: 7 })).toEqual(scheduleOf({ ...spec, seed: 7 }));
  expect(scheduleOf({ ...spec, seed: 7 })).not.toEqual(scheduleOf({ ...spec, seed: 8 }));
});

it('has each kind at least once, in order, for parts that there are, and spares the first collector in the end', () => {
  const minutes = fc.integer({ min: 1, max: 30 });
  fc.assert(
    fc.property(fc.nat(), minutes, fc.constantFrom(1, 3), (seed, length, brokers) => {
      const durationMs = length * 60_000;
      const schedule = scheduleOf({ ...spec, durationMs, brokers, seed });
      expect(new Set(schedule.map(({ kind }) => kind))).toEqual(new Set(DISTURBANCES));
      const times = schedule.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(times.at(-1)).toBeLessThan(durationMs);
      for (const { kind, target, atMs } of schedule) {
        if (kind === 'kill-collector') {
          expect(target).toBeLessThan(spec.collectors);
          if (atMs > durationMs / 3) expect(target).not.toBe(0);
        }
        if (kind === 'kill-broker') expect(target).toBeLessThan(brokers);
        if (kind === 'kill-agent') expect(target).toBeLessThan(spec.agents);
      }
    }),
  );
});
