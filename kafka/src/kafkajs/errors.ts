/** What the library throws, as KafkaError. Its errors wrap each other, so the whole chain is looked at. */
import { KafkaError } from '../types.js';
import type { KafkaFailure } from '../types.js';

/** The parts of the library's and of Node's errors that tell what happened. */
interface Facts {
  name: string;
  message: string;
  /** Name of a protocol error, https://kafka.apache.org/protocol#protocol_error_codes, in the library's spelling. */
  type: string;
  code: string;
  retriable: boolean;
}

const BY_TYPE: ReadonlyMap<string, KafkaFailure> = new Map([
  ['TOPIC_AUTHORIZATION_FAILED', 'not-authorised'],
  ['GROUP_AUTHORIZATION_FAILED', 'not-authorised'],
  ['CLUSTER_AUTHORIZATION_FAILED', 'not-authorised'],
  ['SASL_AUTHENTICATION_FAILED', 'authentication'],
  ['UNSUPPORTED_SASL_MECHANISM', 'authentication'],
  ['ILLEGAL_SASL_STATE', 'authentication'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'unknown-topic'],
  ['MESSAGE_TOO_LARGE', 'too-large'],
  ['RECORD_LIST_TOO_LARGE', 'too-large'],
  // Of a producer that the brokers do not know (any more): another one will do.
  ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'unavailable'],
  ['UNKNOWN_PRODUCER_ID', 'unavailable'],
  ['INVALID_PRODUCER_EPOCH', 'unavailable'],
]);

/**
 * Codes of Node's TLS: those of the handshake (EPROTO holds an alert of OpenSSL) and of the look at the certificate.
 */
const TLS_CODES = /^(EPROTO|ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;

/** Errors that tell that a member's generation has ended: it will join again, and nothing is wrong. */
const REBALANCE_TYPES = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID']);

/** Errors that tell that a coordinator has not begun its work, as on a new broker: it soon will. */
const LOADING_TYPES = new Set([
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]);

export function isLoading(error: unknown): boolean {
  return chain(error).some(({ type, name }) => LOADING_TYPES.has(type) || name === 'KafkaJSGroupCoordinatorNotFound');
}

export function isRebalance(error: unknown): boolean {
  return chain(error).some(({ type }) => REBALANCE_TYPES.has(type));
}

/** `doing` begins the message: `cannot write to the topic x`. */
export function toKafkaError(error: unknown, doing: string): KafkaError {
  if (error instanceof KafkaError) return error;
  const facts = chain(error);
  const deepest = facts.findLast(({ message }) => message !== '');
  return new KafkaError(kindOf(facts), `${doing}: ${deepest?.message ?? 'no message'}`, { cause: error });
}

function kindOf(facts: readonly Facts[]): KafkaFailure {
  for (const { type, name, code } of facts) {
    const kind = BY_TYPE.get(type);
    if (kind) return kind;
    if (name === 'KafkaJSSASLAuthenticationError' || TLS_CODES.test(code)) return 'authentication';
  }
  // The library makes errors of others that cannot be retried, so the innermost one counts.
  return facts.at(-1)?.retriable === false ? 'refused' : 'unavailable';
}

function chain(error: unknown): Facts[] {
  const facts: Facts[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = inner(at)) {
    seen.add(at);
    const { type, code, retriable } = at as { type?: unknown; code?: unknown; retriable?: unknown };
    facts.push({
      name: at.name,
      message: at.message,
      type: typeof type === 'string' ? type : '',
      code: typeof code === 'string' ? code : '',
      retriable: retriable !== false,
    });
  }
  return facts;
}

function inner(error: Error): unknown {
  const { errors } = error as { errors?: readonly unknown[] };
  return errors?.[0] ?? error.cause;
}
