/** Verdicts of the transport on each error of Kafka. */
import { KafkaError } from '@tcewatch/kafka';
import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../src/transport/kafka.js';
import { batch } from '../outbox/surroundings.js';

describe('verdictOf', () => {
  const one = [batch(1)];

  it.each(['unavailable', 'closed'] as const)('tries again soon after %s', (kind) => {
    expect(verdictOf(new KafkaError(kind, 'm'), one, 't')).toEqual({ kind: 'retry', afterMs: 0, message: 'm' });
  });

  it.each(['refused', 'not-authorised', 'authentication', 'unknown-topic'] as const)('drops nothing for %s', (kind) => {
    expect(verdictOf(new KafkaError(kind, 'm'), one, 't')).toMatchObject({ kind: 'retry', afterMs: 60_000 });
  });

  it('asks for fewer before it refuses one', () => {
    const error = new KafkaError('too-large', 'm');
    expect(verdictOf(error, [...one, ...one], 't')).toEqual({ kind: 'too-large' });
    expect(verdictOf(error, one, 't')).toMatchObject({
      kind: 'settled',
      refusals: new Map([[0, { reason: 'too-large' }]]),
    });
  });

  it('drops nothing for what nobody thought of', () => {
    expect(verdictOf(new TypeError('oops'), one, 't')).toMatchObject({ kind: 'retry', message: 'TypeError: oops' });
  });
});
