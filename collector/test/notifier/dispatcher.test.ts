import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { AlertEvent, Notifier } from '../../src/model.js';
import { createDispatcher } from '../../src/notifier/index.js';
import type { NotifyOutcome } from '../../src/notifier/index.js';
import { firingAlerts } from '../events.js';

const [first, second, third] = firingAlerts('a', 'b', 'c') as [AlertEvent, AlertEvent, AlertEvent];
const log = pino({ level: 'silent' });
const never = new AbortController().signal;

/** A notifier that fails as often as it is told to; without an end it answers only when it is released. */
function testNotifier(name: string, failures: number) {
  const told: string[] = [];
  const waiting: (() => void)[] = [];
  let left = failures;
  const notifier: Notifier = {
    name,
    notify(events) {
      // What fetch throws when nobody listens.
      if (left-- > 0) return Promise.reject(new TypeError('fetch failed'));
      told.push(...events.map(({ vm }) => vm?.name ?? ''));
      return failures < 0 ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve();
    },
  };
  return { notifier, told, release: () => waiting.shift()?.() };
}

function dispatch(notifiers: Notifier[], limit = 10) {
  const outcomes: string[] = [];
  const dispatcher = createDispatcher(notifiers, {
    log,
    limit,
    count: (notifier: string, outcome: NotifyOutcome) => outcomes.push(`${notifier} ${outcome}`),
    retry: { retries: 3, minTimeout: 0, maxTimeout: 0 },
  });
  return { dispatcher, outcomes };
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
    const { dispatcher, outcomes } = dispatch([notifier], 1);
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
    const dispatcher = createDispatcher([notifier], {
      log,
      count: () => undefined,
      retry: { retries: 1000, minTimeout: 60_000 },
    });
    dispatcher.dispatch(first);
    const closing = new AbortController();
    const closed = dispatcher.close(closing.signal);
    closing.abort(new Error('time is up'));
    await closed;
  });
});
