/** What the transport makes of each error of Kafka. */
import { KafkaError } from '@tcewatch/kafka';
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/transport/kafka.js';
import { batch } from '../outbox/surroundings.js';

describe('judge', () => {
  const one = [batch(1)];

  it.each(['unavailable', 'closed'] as const)('tries again soon after %s', (kind) => {
    expect(judge(new KafkaError(kind, 'm'), one, 't')).toEqual({ kind: 'retry', afterMs: 0, message: 'm' });
  });

  it.each(['refused', 'not-authorised', 'authentication', 'unknown-topic'] as const)('drops nothing for %s', (kind) => {
    expect(judge(new KafkaError(kind, 'm'), one, 't')).toMatchObject({ kind: 'retry', afterMs: 60_000 });
  });

  it('asks for fewer before it refuses one', () => {
    const error = new KafkaError('too-large', 'm');
    expect(judge(error, [...one, ...one], 't')).toEqual({ kind: 'too-large' });
    expect(judge(error, one, 't')).toMatchObject({
      kind: 'settled',
      refusals: new Map([[0, { reason: 'too-large' }]]),
    });
  });

  it('drops nothing for what nobody thought of', () => {
    expect(judge(new TypeError('oops'), one, 't')).toMatchObject({ kind: 'retry', message: 'TypeError: oops' });
  });
});
