/**
 * The table of error codes: every code that the collector shows in an answer of its HTTP interface, in a label of its
 * metrics, in the header of a dead letter or in its log. docs/reference/errors.md is generated from it.
 */
import type { ErrorCodeTable } from '@tcewatch/common';

export const ERRORS = {
  // Of a batch or a request, in answers, metrics and dead letters.
  malformed: {
    meaning: 'The bytes are no batch, no gzip, or no request that HTTP knows.',
    remedy: 'Drop it, since it will never be taken, and look at the version and the network of its sender.',
  },
  invalid: {
    meaning: 'A batch, or a parameter of a question, has a field that cannot be; the answer names the field.',
    remedy: 'Correct the parameter; if it is a batch, set the clock of the host right or upgrade its agent.',
  },
  'unsupported-version': {
    meaning: 'The batch is of a version of the wire format that this collector does not know.',
    remedy: 'Upgrade the collector, then send dead letters again with `tcewatch-collector redrive`.',
  },
  'too-large': {
    meaning: 'A batch or a request is larger than is taken: by the collector, or by the topic in Kafka.',
    remedy: 'Raise `intake.maxBytes` of the collector, and `max.message.bytes` of the topic.',
  },
  'unsupported-media-type': {
    meaning: 'The body of the request is not declared as `application/x-protobuf`.',
    remedy: 'Send batches as docs/reference/http-api.md describes.',
  },
  'unsupported-encoding': {
    meaning: 'The body of the request is compressed by another method than gzip.',
    remedy: 'Send it with gzip or without compression.',
  },
  unauthorized: {
    meaning: 'The request has no bearer token, or a wrong one.',
    remedy: 'Give the token of `intake.token` to send, that of `read.token` to read.',
  },
  'not-found': {
    meaning: 'There is no such VM, alert, runbook or path.',
    remedy: 'Take an id from `/v1/vms` or `/v1/alerts`, and a path from `/openapi.json`.',
  },
  overloaded: {
    meaning: 'More is asked at once than can be done: of the collector (bytes in flight, listeners), or of ClickHouse.',
    remedy:
      'Send the same again later; if it lasts, raise `intake.maxInFlight` or give ClickHouse more memory and disk.',
  },
  'store-unavailable': {
    meaning: 'ClickHouse did not take the rows, or did not answer, and may do so later.',
    remedy: 'Send the same again later, and look up the failure that the log of the collector names.',
  },
  'store-failed': {
    meaning: 'ClickHouse refused what the collector asked of it.',
    remedy: 'Look up the failure that the log of the collector names; a batch may be sent again.',
  },
  'store-refused': {
    meaning: 'ClickHouse will never take the rows of this record, though it takes those of others.',
    remedy: 'Read the header `tcewatch-message` of the dead letter, and send it again once what it names is mended.',
  },
  internal: {
    meaning: 'The collector failed in a way that nobody foresaw.',
    remedy: 'Read its log, and report what is there.',
  },
  // Of ClickHouse, in metrics and logs.
  unreachable: {
    meaning: 'There is no connection to ClickHouse, or it broke.',
    remedy: 'Look at the server, its address (`clickhouse.url`) and the network.',
  },
  timeout: {
    meaning: 'ClickHouse did not answer within `clickhouse.timeout`, and may have stored the rows even so.',
    remedy: 'Look what keeps the server busy; the rows are sent again, which changes no count.',
  },
  'out-of-space': {
    meaning: "ClickHouse's disk is full.",
    remedy: 'Make room on it, or keep less (`clickhouse.retention`).',
  },
  'read-only': {
    meaning: 'The user of ClickHouse may only read, or a replica has lost its Keeper.',
    remedy: "Set `readonly = 0` in the user's profile, and look at the replica's connection to Keeper.",
  },
  'no-access': {
    meaning: 'ClickHouse knows no such user, the password is wrong, or a grant is missing.',
    remedy: 'Check `clickhouse.user`, `clickhouse.password` and the grants of docs/guides/clickhouse.md.',
  },
  schema: {
    meaning: 'A table, column, cluster or setting that the collector needs is not in ClickHouse.',
    remedy: 'Start the collector again, which applies what is missing.',
  },
  refused: {
    meaning: 'ClickHouse or a broker of Kafka refused the request itself, so the same would be refused again.',
    remedy: 'Read the words of the server, which the log has.',
  },
  failed: {
    meaning: 'ClickHouse could not do what was asked, for a reason that has no code here.',
    remedy: "Read ClickHouse's own words, which the log has; the collector tries again.",
  },
  // Of Kafka, in logs.
  unavailable: {
    meaning: 'No broker answers, a partition has no leader, or too few replicas are in sync.',
    remedy: 'Look at the brokers and the network; the collector tries again for ever.',
  },
  authentication: {
    meaning: "The brokers refuse the collector's credentials or certificate, or theirs is not trusted.",
    remedy: 'Check `kafka.sasl` and `kafka.tls`.',
  },
  'not-authorised': {
    meaning: "The collector's user of Kafka lacks a permission.",
    remedy: 'Add the ACL that docs/guides/kafka.md names.',
  },
  'unknown-topic': {
    meaning: 'The topic is not there.',
    remedy: 'Create it, or let the collector do so (`kafka.topics.create`).',
  },
  closed: {
    meaning: 'The connection to Kafka was closed while something was under way, as when the collector stops.',
    remedy: 'Do nothing: what was not committed is read again.',
  },
} as const satisfies ErrorCodeTable;

export type ErrorCode = keyof typeof ERRORS;

/** Names some of the codes of the table, and does not compile for any other. */
export type CodeOf<Codes extends ErrorCode> = Codes;

/** Makes the body of an answer that is an error; `field` is the one that is to blame. */
export function errorAnswer({ code, field, message }: { code: ErrorCode; field?: string; message: string }): {
  error: ErrorCode;
  field?: string;
  message: string;
} {
  return { error: code, ...(field !== undefined && { field }), message };
}
