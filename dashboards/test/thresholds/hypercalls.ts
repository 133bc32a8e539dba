/** Lost acceleration from the agents' own counters, from both sides of each threshold. */
import { AGENT, CRITICAL, WARNING, constant, perMinute } from './threshold.js';
import type { Series, Threshold } from './threshold.js';

const HANDLED = constant(101);

/** A VM whose real mode cannot occur, or cannot be seen. */
function vm(userspace: string, virtual: string, real = 'absent'): Series {
  const of = `${AGENT},vm="v",uuid="u",hypercall="H_PUT_TCE"`;
  return {
    [`tcewatch_mode_evidence{${of},mode="real",evidence="${real}",reason="r"}`]: constant(1),
    [`tcewatch_hypercalls_total{${of},mode="userspace",evidence="exact"}`]: userspace,
    [`tcewatch_hypercalls_total{${of},mode="virtual",evidence="exact"}`]: virtual,
  };
}

export const OF_HYPERCALLS: readonly Threshold[] = [
  // A rate of five minutes is whole from minute 5 on: the first minutes count as if nothing had been called before.
  {
    alert: 'TceAccelerationLost',
    labels: WARNING,
    what: '10 % of the calls',
    fires: vm(perMinute(600), perMinute(5400)),
    inMinute: 3,
    calm: vm(perMinute(599), perMinute(5401)),
  },
  {
    alert: 'TceAccelerationLost',
    labels: CRITICAL,
    what: '90 % of the calls',
    fires: vm(perMinute(5400), perMinute(600)),
    inMinute: 3,
    calm: vm(perMinute(5399), perMinute(601)),
  },
  {
    alert: 'TceAccelerationLost',
    labels: WARNING,
    what: 'less than 90 % of the calls',
    fires: vm(perMinute(5399), perMinute(601)),
    inMinute: 3,
    calm: vm(perMinute(5400), perMinute(600)),
  },
  {
    alert: 'TceAccelerationLost',
    labels: CRITICAL,
    what: 'one punt a second',
    fires: vm(perMinute(60), HANDLED),
    inMinute: 7,
    calm: vm(perMinute(59), HANDLED),
  },
  {
    alert: 'TceAccelerationLost',
    labels: WARNING,
    what: 'one punt a second among others',
    fires: vm(perMinute(60), perMinute(120)),
    inMinute: 7,
    calm: vm(perMinute(59), perMinute(120)),
  },
  {
    alert: 'TceAccelerationLost',
    labels: { ...WARNING, real_mode: 'hidden' },
    what: '100 punts a second where real mode cannot be observed',
    fires: vm(perMinute(6000), perMinute(0), 'unobservable'),
    inMinute: 7,
    calm: vm(perMinute(5999), perMinute(0), 'unobservable'),
  },
  {
    alert: 'TceAccelerationLost',
    labels: CRITICAL,
    what: 'more than 100 calls that the kernel handled',
    fires: vm(perMinute(600), constant(101)),
    inMinute: 3,
    calm: vm(perMinute(600), constant(100)),
  },
  {
    alert: 'TceNeverAccelerated',
    labels: CRITICAL,
    what: 'not more than 100 calls that the kernel handled',
    fires: vm(perMinute(600), constant(100)),
    inMinute: 6,
    calm: vm(perMinute(600), constant(101)),
  },
  {
    alert: 'TceNeverAccelerated',
    labels: CRITICAL,
    what: '90 % of the calls',
    fires: vm(perMinute(91), perMinute(10)),
    inMinute: 9,
    calm: vm(perMinute(89), perMinute(10)),
  },
  {
    alert: 'TceNeverAccelerated',
    labels: CRITICAL,
    what: 'one punt a second',
    fires: vm(perMinute(60), perMinute(0)),
    inMinute: 10,
    calm: vm(perMinute(59), perMinute(0)),
  },
];
