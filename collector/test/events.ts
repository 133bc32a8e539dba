/** An alert event as the detector makes it, for tests of what follows. */
import { batchOf } from '@tcewatch/testing/batches';
import { createDetector } from '../src/alerts/index.js';
import type { AlertEvent } from '../src/alerts/event.js';

/** One firing alert of each named VM. */
export function firingAlerts(...names: string[]): AlertEvent[] {
  const detector = createDetector();
  const events = [0, 100, 200].flatMap((calls, i) => {
    const counts = { H_PUT_TCE: { entered: calls, punted: calls } };
    const descriptors = { tceTables: 0, vfioGroups: [3] };
    return detector.observe(
      batchOf({ uptime: 100 + 10 * i, vms: names.map((name) => ({ name, counts, descriptors })) }),
    );
  });
  if (events.length !== names.length) throw new Error(`${events.length} alerts of ${names.length} VMs`);
  return events;
}

export function firingAlert(name = 'a'): AlertEvent {
  const [event] = firingAlerts(name);
  if (!event) throw new Error('no alert');
  return event;
}
