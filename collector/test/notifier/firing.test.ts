/** Which alerts are told again: those of hosts that this detector hears of as it knows them, the others as stored. */
import { batchOf } from '@tcewatch/testing/batches';
import { expect, it } from 'vitest';
import { createDetector } from '../../src/alerts/index.js';
import type { AlertEvent } from '../../src/alerts/event.js';
import { firingAlert } from '../events.js';

const onHost = (name: string, hostId: string): AlertEvent => ({ ...firingAlert(name), hostId });
const names = (events: readonly AlertEvent[]) => events.map(({ vm, hostId }) => `${vm?.name ?? ''} ${hostId}`);

it('an alert that was restored is told again while its host is silent, and as the store has it', () => {
  const detector = createDetector();
  const stored = [onHost('a', 'h'), onHost('b', 'i')];
  detector.restore(stored);
  expect(names(detector.firing(stored))).toEqual(['a h', 'b i']);
  // Another collector has ended it.
  expect(names(detector.firing(stored.slice(0, 1)))).toEqual(['a h']);
});

it('of a host that is heard of, what the detector knows counts, and not what the store still has', () => {
  const detector = createDetector();
  const stored = [onHost('a', 'h'), onHost('b', 'i')];
  detector.restore(stored);
  // The VM is gone: its alert ends.
  const ended = detector.observe(batchOf({ uptime: 200, vms: [] }));
  expect(ended.map(({ state }) => state)).toEqual(['resolved']);
  expect(names(detector.firing(stored))).toEqual(['b i']);
  // Others tell of silence.
  const silent: AlertEvent = { ...onHost('', 'h'), alert: 'TceTelemetrySilent' };
  expect(detector.firing([silent])).toEqual([silent]);
  const counts = [0, 100, 200].map((calls) => ({ H_PUT_TCE: { entered: calls, punted: calls } }));
  counts.forEach((given, i) =>
    detector.observe(batchOf({ uptime: 300 + 10 * i, vms: [{ name: 'c', counts: given }] })),
  );
  expect(names(detector.firing([]))).toEqual(['c h']);
});
