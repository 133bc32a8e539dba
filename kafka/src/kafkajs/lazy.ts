/**
 * A producer or an admin client of the library that is connected when it is first used, and thrown away after any
 * failure, so that nothing of an attempt that failed lives on in the next: not a connection that hangs, and not a
 * sequence number.
 */
import type { Kafka } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import { KafkaError } from '../types.js';
import { toKafkaError } from './errors.js';
import { openSession } from './session.js';
import type { Session } from './session.js';

interface Connectable {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

interface Live<T> {
  session: Session;
  ready: Promise<T>;
}

/** A close does not wait longer for brokers that do not answer. */
const LONGEST_FAREWELL_MS = 5000;

export class Lazy<T extends Connectable> {
  readonly #settings: KafkaSettings;
  readonly #log: Logger;
  readonly #make: (kafka: Kafka) => T;
  readonly #closing = new AbortController();
  #live: Live<T> | undefined;

  constructor(settings: KafkaSettings, log: Logger, make: (kafka: Kafka) => T) {
    this.#settings = settings;
    this.#log = log;
    this.#make = make;
  }

  /** `doing` begins the message of the KafkaError that this rejects with. */
  async use<R>(doing: string, work: (client: T) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const ends = [this.#closing.signal, ...(signal ? [signal] : [])];
    if (ends.some(({ aborted }) => aborted)) throw new KafkaError('closed', `${doing}: it was called off`);
    const live = (this.#live ??= this.#connect());
    try {
      return await this.#within(doing, live.ready.then(work), ends);
    } catch (error) {
      this.#discard(live);
      throw toKafkaError(error, doing);
    }
  }

  async close(): Promise<void> {
    const live = this.#live;
    this.#closing.abort();
    if (!live) return;
    const farewell = live.ready.then((client) => client.disconnect()).catch(() => undefined);
    await Promise.race([farewell, elapsed(LONGEST_FAREWELL_MS)]);
    this.#discard(live);
  }

  #connect(): Live<T> {
    const session = openSession(this.#settings, this.#log);
    const client = this.#make(session.kafka);
    const ready = client.connect().then(() => client);
    return { session, ready };
  }

  #discard(live: Live<T>): void {
    live.session.end();
    if (this.#live === live) this.#live = undefined;
  }

  /** The library's own time-outs are for each of its tries, and not for all that it can wait for. */
  #within<R>(doing: string, work: Promise<R>, ends: readonly AbortSignal[]): Promise<R> {
    const { connectTimeout, requestTimeout } = this.#settings;
    const limitMs = connectTimeout + requestTimeout;
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        settle();
        reject(new KafkaError('closed', `${doing}: it was called off`));
      };
      const timer = setTimeout(() => {
        settle();
        reject(new KafkaError('unavailable', `${doing}: no answer within ${limitMs} ms`));
      }, limitMs);
      const settle = () => {
        clearTimeout(timer);
        for (const end of ends) end.removeEventListener('abort', giveUp);
      };
      for (const end of ends) end.addEventListener('abort', giveUp, { once: true });
      work.then(resolve, reject).finally(settle);
    });
  }
}

function elapsed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds).unref());
}
