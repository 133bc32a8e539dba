/** What Alertmanager is told; that it takes it so is tested with a real one (alertmanager-live.test.ts). */
import { describe, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import { alertmanagerNotifier } from '../../src/notifier/alertmanager.js';
import type { PostableAlert } from '../../src/notifier/alertmanager.js';
import { labelsOf } from '../../src/notifier/labels.js';
import { firingAlert, firingAlerts } from '../events.js';

const [alert, other] = firingAlerts('a', 'b') as [AlertEvent, AlertEvent];
const FIRED = Date.parse('2026-11-22T12:02:00Z');
const MINUTE = 60_000;

/** A notifier on a clock of its own, and what it posted; `fails` is what the next post rejects with. */
function alertmanager(given: { labels?: Record<string, string>; links?: object } = {}) {
  const posts: PostableAlert[][] = [];
  const clock = { now: FIRED + MINUTE, fails: undefined as Error | undefined };
  const notifier = alertmanagerNotifier({
    name: 'alertmanager@am:9093',
    receiver: (body) => {
      if (clock.fails) return Promise.reject(clock.fails);
      posts.push(JSON.parse(body) as PostableAlert[]);
      return Promise.resolve();
    },
    repeatEvery: MINUTE,
    labels: {},
    links: {},
    now: () => clock.now,
    ...given,
  });
  const brief = () =>
    posts.map((post) =>
      post.map(({ labels, startsAt, endsAt }) => {
        const state = Date.parse(endsAt) > clock.now ? 'fires' : 'ends';
        return `${labels['vm'] ?? ''} ${labels['severity'] ?? ''} ${state} ${startsAt.slice(11, 19)}`;
      }),
    );
  return { notifier, posts, clock, brief };
}

const ended = (event: AlertEvent, afterS = 30): AlertEvent => {
  const atNs = event.firedAtNs + BigInt(afterS) * 1_000_000_000n;
  return { ...event, state: 'resolved', revision: event.revision + 1, atNs, resolvedAtNs: atNs };
};
/** The same VM in a later life. */
const again = (event: AlertEvent, afterS: number): AlertEvent => {
  const firedAtNs = event.firedAtNs + BigInt(afterS) * 1_000_000_000n;
  return { ...event, alertId: '11111111-1111-4111-8111-111111111111', firedAtNs, atNs: firedAtNs };
};

describe('the notifier of Alertmanager', () => {
  it('tells what fires, for some intervals from now', async () => {
    const { notifier, posts } = alertmanager({
      labels: { site: 'north' },
      links: { publicUrl: 'https://tce.example', dashboard: undefined, runbooks: undefined },
    });
    await notifier.notify([{ ...alert, evidence: { ...alert.evidence, facts: ['One.', 'Two.'] } }]);
    expect(posts).toEqual([
      [
        {
          labels: {
            alertname: 'TceNeverAccelerated',
            severity: 'critical',
            host: 'h.example',
            host_id: 'h',
            vm: 'a',
            site: 'north',
          },
          annotations: {
            summary: 'TceNeverAccelerated of a on h.example',
            description: `${alert.cause.summary} ${alert.cause.advice} ${posts[0]?.[0]?.annotations['impact'] ?? ''}`,
            cause: alert.cause.code,
            confidence: alert.cause.confidence,
            advice: alert.cause.advice,
            impact: expect.stringContaining('22 to 29 % of the network throughput is left') as string,
            facts: 'One.\nTwo.',
            runbook_url: `https://tce.example/runbooks/TceNeverAccelerated#${alert.cause.code}`,
          },
          startsAt: '2026-11-22T12:02:00.000Z',
          endsAt: '2026-11-22T12:07:00.000Z',
          generatorURL: `https://tce.example/#/vms/${alert.vm?.life ?? ''}`,
        },
      ],
    ]);
  });

  it('tells the end of what has ended, and never an end that is still to come', async () => {
    const { notifier, posts, clock } = alertmanager();
    await notifier.notify([ended(alert)]);
    clock.now = FIRED - MINUTE;
    await notifier.notify([ended(other)]);
    expect(posts.flat().map(({ startsAt, endsAt }) => [startsAt.slice(11, 19), endsAt.slice(11, 19)])).toEqual([
      ['12:02:00', '12:02:30'],
      // By a host's clock that is ahead.
      ['12:01:00', '12:01:00'],
    ]);
  });

  it('ends an alert under its lower severity in the message that raises it', async () => {
    const { notifier, brief } = alertmanager();
    const low: AlertEvent = { ...alert, severity: 'warning' };
    await notifier.notify([low, other]);
    await notifier.notify([{ ...alert, revision: 1 }]);
    await notifier.notify([{ ...alert, revision: 1 }]);
    expect(brief()).toEqual([
      ['a warning fires 12:02:00', 'b critical fires 12:02:00'],
      ['a warning ends 12:02:00', 'a critical fires 12:02:00'],
      ['a critical fires 12:02:00'],
    ]);
  });

  it('raises it also when the first try failed', async () => {
    const { notifier, brief, clock } = alertmanager();
    await notifier.notify([{ ...alert, severity: 'warning' }]);
    clock.fails = new Error('down');
    await expect(notifier.notify([{ ...alert, revision: 1 }])).rejects.toThrow('down');
    clock.fails = undefined;
    await notifier.notify([{ ...alert, revision: 1 }]);
    expect(brief()[1]).toEqual(['a warning ends 12:02:00', 'a critical fires 12:02:00']);
  });

  it("does not end a later life's alert by what is told late of an earlier one", async () => {
    const { notifier, brief } = alertmanager();
    await notifier.notify([alert]);
    await notifier.notify([again(alert, 40)]);
    await notifier.notify([ended(alert)]);
    await notifier.notify([alert]);
    expect(brief()).toEqual([['a critical fires 12:02:00'], ['a critical fires 12:02:40']]);
    await notifier.notify([ended(again(alert, 40), 5)]);
    expect(brief()[2]).toEqual(['a critical ends 12:02:40']);
  });

  it('forgets who held labels once Alertmanager has', async () => {
    const { notifier, brief, clock } = alertmanager();
    await notifier.notify([again(alert, 40)]);
    clock.now += 5 * MINUTE;
    await notifier.notify([ended(alert)]);
    expect(brief()).toHaveLength(2);
  });
});

describe('the labels of an alert', () => {
  it('stay the same when cause, evidence, state and revision change', () => {
    const sharper: AlertEvent = {
      ...alert,
      revision: 3,
      cause: { code: 'other', confidence: 'certain', summary: 's', advice: 'a' },
    };
    expect(labelsOf(ended(sharper), {})).toEqual(labelsOf(alert, {}));
  });

  it('hold no control characters and no long texts, and tell apart what differs', () => {
    const names = ['x\u0000', 'x\u001b', 'x\u202e', '\ud800x', 'x'.repeat(300), `${'x'.repeat(300)}y`, 'x\ny'];
    const values = names.map((name) => labelsOf(firingAlert(name), {})['vm'] ?? '');
    expect(new Set(values).size).toBe(names.length);
    for (const value of values) {
      expect(value).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u);
      expect(value.length).toBeLessThanOrEqual(256);
    }
  });

  it('of an alert about a host name no VM', () => {
    expect(Object.keys(labelsOf({ ...alert, vm: null }, {}))).toEqual(['alertname', 'severity', 'host', 'host_id']);
  });
});
