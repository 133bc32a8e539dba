import { recordingTelemetry } from '@tcewatch/testing/recording-telemetry';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/alerts/event.js';
import type { Notifier } from '../../src/model.js';
import { createDispatcher } from '../../src/notifier/index.js';
import type { NotifyOutcome } from '../../src/notifier/index.js';
import type { QueueOptions } from '../../src/notifier/queue.js';
import { ReceiverRefusedError } from '../../src/notifier/receiver.js';
import { firingAlerts } from '../events.js';

const [first, second, third] = firingAlerts('a', 'b', 'c') as [AlertEvent, AlertEvent, AlertEvent];
const log = pino({ level: 'silent' });
const never = new AbortController().signal;

/** A notifier that fails as often as it is told to; without an end it answers only when it is released. */
function testNotifier(name: string, failures: number, more: Partial<Notifier> = {}) {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  let left = failures;
  const notifier: Notifier = {
    name,
    notify(events) {
      // What fetch throws when nobody listens.
      if (left-- > 0) return Promise.reject(new TypeError('fetch failed'));
      told.push(events.map(({ vm, state }) => (vm?.name ?? '') + (state === 'firing' ? '' : ' ends')).join('+'));
      return failures < 0 ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
    },
    ...more,
  };
  return { notifier, told, release: () => waiting.shift()?.() };
}

function dispatch(notifiers: Notifier[], given: Partial<QueueOptions> = {}) {
  const outcomes: string[] = [];
  const recorded: string[] = [];
  const dispatcher = createDispatcher(notifiers, {
    log,
    limit: 10,
    count: (notifier: string, outcome: NotifyOutcome, events: number) => {
      for (let i = 0; i < events; i++) outcomes.push(`${notifier} ${outcome}`);
    },
    told: (notifier, events) => {
      for (const { vm, revision } of events) recorded.push(`${notifier} ${vm?.name ?? ''} ${revision}`);
    },
    firing: () => Promise.resolve([]),
    retry: { retries: 3, minTimeout: 0, maxTimeout: 0 },
    ...given,
  });
  return { dispatcher, outcomes, recorded };
}

describe('the dispatcher', () => {
  it('tells every notifier each event, in order, and tries again', async () => {
    const [flaky, steady] = [testNotifier('flaky', 2), testNotifier('steady', 0)];
    const { dispatcher, outcomes } = dispatch([flaky.notifier, steady.notifier]);
    [first, second].forEach((event) => {
      dispatcher.dispatch(event);
    });
    await dispatcher.close(never);
    expect([flaky.told, steady.told]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(outcomes.filter((outcome) => outcome.startsWith('flaky'))).toEqual([
      'flaky retried',
      'flaky retried',
      'flaky sent',
      'flaky sent',
    ]);
  });

  it('traces each notification, attempts and all, as a part of what the event came from', async () => {
    const telemetry = recordingTelemetry();
    const went: (string | undefined)[] = [];
    let failures = 1;
    const notifier: Notifier = {
      name: 'hook',
      notify: ([event], traceparents = []) => {
        went.push(...traceparents);
        return event === second || failures-- > 0 ? Promise.reject(new Error('gone')) : Promise.resolve();
      },
    };
    const retry = { retries: 1, minTimeout: 0, maxTimeout: 0 };
    const { dispatcher } = dispatch([notifier], { telemetry, retry });
    dispatcher.dispatch(first, { parent: 'its parent' });
    dispatcher.dispatch(second);
    await dispatcher.close(never);
    const common = { name: 'notify', kind: 'client', attributes: { 'tcewatch.notifier': 'hook' }, ended: true };
    expect(telemetry.spans).toMatchObject([
      { ...common, parent: 'its parent', failure: undefined },
      { ...common, parent: undefined, failure: 'notifier hook: gone' },
    ]);
    const [one, two] = telemetry.spans.map(({ traceparent }) => traceparent);
    expect(went).toEqual([one, one, two, two]);
  });

  it('gives an event up after all attempts, counts it, and goes on with the next', async () => {
    const { notifier, told } = testNotifier('down', 4);
    const { dispatcher, outcomes } = dispatch([notifier]);
    [first, second].forEach((event) => {
      dispatcher.dispatch(event);
    });
    await dispatcher.close(never);
    expect(told).toEqual(['b']);
    expect(outcomes.slice(-2)).toEqual(['down failed', 'down sent']);
  });

  it('drops the oldest that waits when too many do', async () => {
    const { notifier, told, release } = testNotifier('slow', -1);
    const { dispatcher, outcomes } = dispatch([notifier], { limit: 1 });
    [first, second, third].forEach((event) => {
      dispatcher.dispatch(event);
    });
    expect(outcomes).toEqual(['slow dropped']);
    release();
    await expect.poll(() => told).toEqual(['a', 'c']);
    release();
    await dispatcher.close(never);
  });

  it('lets go of what it cannot send when it must close', async () => {
    const { notifier } = testNotifier('down', Infinity);
    const { dispatcher, recorded } = dispatch([notifier], { retry: { retries: 1000, minTimeout: 60_000 } });
    dispatcher.dispatch(first);
    const closing = new AbortController();
    const closed = dispatcher.close(closing.signal);
    closing.abort(new Error('time is up'));
    await closed;
    expect(recorded).toEqual([]);
  });

  it('records what was told, and what was not it does not', async () => {
    const [down, steady] = [testNotifier('down', 4), testNotifier('steady', 0)];
    const { dispatcher, recorded } = dispatch([down.notifier, steady.notifier]);
    [first, second].forEach((event) => {
      dispatcher.dispatch(event);
    });
    await dispatcher.close(never);
    expect(recorded.sort()).toEqual(['down b 0', 'steady a 0', 'steady b 0']);
  });

  it('tells one notifier alone of what it alone was not told', async () => {
    const [one, other] = [testNotifier('one', 0), testNotifier('other', 0)];
    const { dispatcher } = dispatch([one.notifier, other.notifier]);
    dispatcher.dispatch(first, { notifier: 'other' });
    await dispatcher.close(never);
    expect([one.told, other.told]).toEqual([[], ['a']]);
  });

  it('gives a notifier as many events at once as it takes, and never two of one alert', async () => {
    const { notifier, told, release } = testNotifier('slow', -1, { atOnce: 2 });
    const { dispatcher } = dispatch([notifier]);
    const end: AlertEvent = { ...second, state: 'resolved', revision: 1 };
    [first, second, end, third].forEach((event) => {
      dispatcher.dispatch(event);
    });
    for (const expected of [['a'], ['a', 'b'], ['a', 'b', 'b ends+c']]) {
      await expect.poll(() => told).toEqual(expected);
      release();
    }
    await dispatcher.close(never);
  });

  it('does not try again what the receiver will never take', async () => {
    let attempts = 0;
    const refuses: Notifier = {
      name: 'picky',
      notify: () => {
        attempts++;
        return Promise.reject(new ReceiverRefusedError('answered 400'));
      },
    };
    const { dispatcher, outcomes } = dispatch([refuses]);
    dispatcher.dispatch(first);
    await dispatcher.close(never);
    expect([attempts, outcomes]).toEqual([1, ['picky failed']]);
  });

  it('tells at once and again of what fires, in batches, when nothing else waits', async () => {
    const repeating = testNotifier('repeating', 0, { repeatEvery: 10, atOnce: 2 });
    const once = testNotifier('once', 0);
    let firing = [first, second, third];
    const { dispatcher, outcomes, recorded } = dispatch([repeating.notifier, once.notifier], {
      firing: () => Promise.resolve(firing),
    });
    await expect.poll(() => repeating.told.slice(0, 4)).toEqual(['a+b', 'c', 'a+b', 'c']);
    firing = [];
    await dispatcher.close(never);
    expect([once.told, recorded]).toEqual([[], []]);
    expect(new Set(outcomes)).toEqual(new Set(['repeating repeated']));
  });

  it('tells of what fires with the next repetition where this one failed', async () => {
    const { notifier, told } = testNotifier('flaky', 2, { repeatEvery: 10 });
    const { dispatcher, outcomes } = dispatch([notifier], { firing: () => Promise.resolve([first]) });
    await expect.poll(() => told.length).toBeGreaterThan(0);
    await dispatcher.close(never);
    expect(outcomes.slice(0, 3)).toEqual(['flaky retried', 'flaky retried', 'flaky repeated']);
  });

  it('knows how long the oldest event has waited, also while it is being sent', async () => {
    let now = 0;
    const { notifier, release } = testNotifier('slow', -1);
    const { dispatcher } = dispatch([notifier], { now: () => now });
    const age = () => dispatcher.ages()[0]?.ms;
    expect(age()).toBe(0);
    dispatcher.dispatch(first);
    now = 5;
    dispatcher.dispatch(second);
    now = 7;
    expect(age()).toBe(7);
    release();
    await expect.poll(age).toBe(2);
    release();
    await dispatcher.close(never);
    expect(age()).toBe(0);
  });
});
