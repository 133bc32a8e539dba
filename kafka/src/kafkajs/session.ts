/**
 * One instance of the library with connections of its own, that can be ended for good. The library alone cannot: a
 * client that is disconnected while it retries connects again, and a connection that a broker closes in mid-handshake
 * never settles.
 */
import './patch.js';
import { connect as connectTcp, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Kafka } from 'kafkajs';
import type { ISocketFactory, KafkaConfig, Mechanism, SASLOptions } from 'kafkajs';
import type { Logger } from 'pino';
import type { KafkaSettings } from '../settings.js';
import { libraryLevel, logTo } from './log.js';
import { oauthBearer } from './oauthbearer.js';

/**
 * The library's own retries inside one call: enough to find a broker that lives, and to see a leader elected. All five
 * are given, since the library has other ones where NODE_ENV is `test`.
 */
export const RETRY = { retries: 6, initialRetryTime: 200, maxRetryTime: 2000, factor: 0.2, multiplier: 2 };

/** TCP keep-alive's first probe, milliseconds. */
const KEEP_ALIVE_MS = 60_000;

export interface Session {
  kafka: Kafka;
  /** Ends all connections at once; what is under way fails, and may connect again. */
  reset(): void;
  /** Ends all connections and lets none be made any more. */
  end(): void;
}

export function openSession(settings: KafkaSettings, log: Logger): Session {
  const sockets = new Set<Socket>();
  let ended = false;
  const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
    if (ended) throw new Error('the client is closed');
    const socket = settings.tls.enabled
      ? connectTls({ host, port, ...ssl, ...(!isIP(host) && { servername: host }) }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    return socket;
  };
  const reset = () => {
    for (const socket of sockets) socket.destroy(new Error('the client ended the connection'));
  };
  const end = () => {
    ended = true;
    reset();
  };
  return { kafka: new Kafka({ ...configOf(settings, log), socketFactory }), reset, end };
}

function configOf(settings: KafkaSettings, log: Logger): KafkaConfig {
  const { brokers, clientId, connectTimeout, requestTimeout, tls } = settings;
  const sasl = saslOf(settings);
  return {
    brokers,
    clientId,
    connectionTimeout: connectTimeout,
    authenticationTimeout: connectTimeout,
    requestTimeout,
    retry: RETRY,
    logLevel: libraryLevel(log),
    logCreator: logTo(log),
    ...(tls.enabled && { ssl: { ca: tls.ca?.reveal(), cert: tls.cert?.reveal(), key: tls.key?.reveal() } }),
    ...(sasl && { sasl }),
  };
}

function saslOf({ sasl }: KafkaSettings): SASLOptions | Mechanism | undefined {
  const { mechanism, username = '', password, tokenFile = '' } = sasl;
  if (mechanism === undefined) return undefined;
  if (mechanism === 'oauthbearer') return oauthBearer(tokenFile);
  // One of three shapes that differ in nothing but the name.
  return { mechanism, username, password: password?.reveal() ?? '' } as SASLOptions;
}
