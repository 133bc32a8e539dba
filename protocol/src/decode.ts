/**
 * Bytes to batch. Any bytes give a batch or a BatchError, in time and memory bounded by the limits: sizes and counts
 * are checked before anything is built from them.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Account, Batch } from './batch.js';
import { BATCH_VERSION } from './batch.js';
import { decodeLatencies } from './decode-latencies.js';
import { decodeSeries } from './decode-series.js';
import { decodeEvidence, decodeVm } from './decode-vm.js';
import { BatchError } from './errors.js';
import { BatchSchema } from './gen/tcewatch/v1/batch_pb.js';
import type { Account as AccountMessage } from './gen/tcewatch/v1/batch_pb.js';
import { DEFAULT_LIMITS } from './limits.js';
import type { BatchLimits } from './limits.js';
import { checkList, checkText, readId, safeNumber } from './checks.js';
import { checkedTraceparent } from './traceparent.js';
import { COUNTERS, LOSS_KINDS } from './vocabulary.js';

/** Numbers of the repeated fields of Batch in the schema, each with the limit on how often it may occur. */
const REPEATED: readonly { number: number; name: string; limit: 'vms' | 'list' }[] = [
  { number: 12, name: 'vms', limit: 'vms' },
  { number: 14, name: 'accounts', limit: 'list' },
  { number: 15, name: 'problems', limit: 'list' },
  { number: 16, name: 'evidence_sets', limit: 'vms' },
];

/**
 * Decodes one batch. Throws {@link BatchError}: `too-large` when a limit is passed, `unsupported-version` when its
 * writer says that this reader is too old, `malformed` for bytes that are no batch, `invalid` for values that
 * contradict each other.
 */
export function decodeBatch(bytes: Uint8Array, limits: Readonly<BatchLimits> = DEFAULT_LIMITS): Batch {
  if (bytes.length > limits.bytes) {
    throw new BatchError('too-large', 'batch', `${bytes.length} bytes, the limit is ${limits.bytes}`);
  }
  checkCounts(bytes, limits);
  const message = parse(bytes);
  if (message.version < 1) throw new BatchError('malformed', 'version', 'is missing: these bytes are no batch');
  if (message.oldestReader > BATCH_VERSION) {
    throw new BatchError(
      'unsupported-version',
      'oldest_reader',
      `needs a reader of version ${message.oldestReader}, this one is ${BATCH_VERSION}: upgrade the collector`,
    );
  }
  const host = message.host;
  if (!host?.id) throw new BatchError('invalid', 'host.id', 'is missing');
  for (const field of ['id', 'name', 'kernel', 'cpu', 'platform', 'agentVersion', 'source'] as const) {
    checkText(host[field], `host.${field}`, limits);
  }
  message.problems.forEach((text, i) => checkText(text, `problems[${i}]`, limits));
  if (message.wallNs >= 1n << 63n) throw new BatchError('invalid', 'wall_ns', 'is later than the year 2262');
  const traceparent = checkedTraceparent(message.traceparent);
  const evidence = message.evidenceSets.map((set, i) => decodeEvidence(set, `evidence_sets[${i}]`, limits));
  return {
    version: message.version,
    host: {
      id: host.id,
      name: host.name,
      kernel: host.kernel,
      cpu: host.cpu,
      platform: host.platform,
      agentVersion: host.agentVersion,
      source: host.source,
    },
    bootId: readId(message.bootId, 'boot_id'),
    epoch: readId(message.epoch, 'epoch'),
    epochBeganNs: message.epochBeganNs,
    run: readId(message.run, 'run'),
    sequence: safeNumber(message.sequence, 'sequence'),
    clock: { wallNs: message.wallNs, uptimeNs: message.uptimeNs },
    intervalNs: message.intervalNs,
    vms: message.vms.map((vm, i) => decodeVm(vm, evidence, `vms[${i}]`, limits)),
    series: decodeSeries(message.series, message.vms.length, limits),
    ...(message.latencies && { latencies: decodeLatencies(message.latencies, message.vms.length, limits) }),
    accounts: decodeAccounts(message.accounts, limits),
    problems: message.problems,
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Walks the top-level fields without building anything, so that a small input cannot become millions of objects. */
function checkCounts(bytes: Uint8Array, limits: Readonly<BatchLimits>): void {
  const counts = new Map<number, number>();
  const reader = new BinaryReader(bytes);
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      counts.set(number, (counts.get(number) ?? 0) + 1);
      reader.skip(type, number);
    }
  } catch (cause) {
    throw new BatchError('malformed', 'batch', `is no protobuf message (${(cause as Error).message})`, { cause });
  }
  for (const { number, name, limit } of REPEATED) {
    const count = counts.get(number) ?? 0;
    if (count > limits[limit]) throw new BatchError('too-large', name, `has ${count}, the limit is ${limits[limit]}`);
  }
}

function parse(bytes: Uint8Array) {
  try {
    return fromBinary(BatchSchema, bytes, { readUnknownFields: false });
  } catch (cause) {
    throw new BatchError('malformed', 'batch', `is no batch (${(cause as Error).message})`, { cause });
  }
}

/** Accounts and losses of kinds that this reader does not know are skipped. */
function decodeAccounts(messages: AccountMessage[], limits: Readonly<BatchLimits>): Account[] {
  return messages.flatMap((message, i) => {
    const counter = COUNTERS[message.counter - 1];
    if (counter !== 'entered' && counter !== 'punted') return [];
    checkList(message.losses, `accounts[${i}].losses`, limits);
    const losses = message.losses.flatMap((loss, j) => {
      const kind = LOSS_KINDS[loss.kind - 1];
      return kind ? [{ kind, events: safeNumber(loss.events, `accounts[${i}].losses[${j}].events`) }] : [];
    });
    return [{ counter, seen: safeNumber(message.seen, `accounts[${i}].seen`), losses }];
  });
}
