/**
 * Everything that the agent can be told, in one schema: defaults, checks, `--help`, names in the environment and the
 * reference page all come from here.
 */
import { byteSize, checkTls, clientTls, duration, logSettings, plainUrl, secret } from '@tcewatch/common';
import { BATCHES_TOPIC, kafkaSettings, topicName } from '@tcewatch/kafka';
import { z } from 'zod';
import { DEFAULT_CAPS } from '../ledger/state.js';

/** Of the environment's names. */
export const ENV_PREFIX = 'TCEWATCH_AGENT';

const SHORTEST_INTERVAL_MS = 100;
const LONGEST_INTERVAL_MS = 3_600_000;
/** Room for one batch of a large host. */
const SMALLEST_OUTBOX_BYTES = 1024 * 1024;

const interval = duration()
  .refine((ms) => ms >= SHORTEST_INTERVAL_MS && ms <= LONGEST_INTERVAL_MS, 'give a time from 100ms to 1h')
  .prefault('10s')
  .describe('Time between readings. Counts do not depend on it, only how finely they are resolved in time.');

const host = z
  .strictObject({
    id: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Stable key of the host in the whole fleet; etc/machine-id below `root` when it is not given.'),
    name: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe("Name of the host for people; the kernel's when it is not given."),
  })
  .prefault({});

const hist = z
  .strictObject({
    size: z
      .int()
      .min(128)
      .max(131_072)
      .refine((size) => Number.isInteger(Math.log2(size)), 'give a power of two from 128 to 131072')
      .default(4096)
      .describe(
        'Entries of each kernel histogram, one for each thread, hypercall and LIOBN: a power of two from 128 to 131072.',
      ),
    detail: z
      .boolean()
      .default(false)
      .describe(
        'Whether the kernel also counts which LIOBN each punt had and how long calls took, at a cost per call.',
      ),
  })
  .prefault({});

const replay = z
  .strictObject({
    directory: z.string().optional().describe('The recording that the source `replay` reads.'),
    source: z
      .enum(['hist', 'ring'])
      .default('hist')
      .describe('What of the recording is read: the histograms, or the ring buffer.'),
    speed: z
      .number()
      .nonnegative()
      .default(1)
      .describe('How many times as fast as it was recorded; 0 is as fast as possible.'),
  })
  .prefault({});

const cap = (fallback: number, description: string) => z.int().positive().default(fallback).describe(description);

const caps = z
  .strictObject({
    liobnsPerVm: cap(
      DEFAULT_CAPS.liobnsPerVm,
      'LIOBNs of a VM that are counted apart; further ones are counted together.',
    ),
    vms: cap(DEFAULT_CAPS.vms, 'VMs that are counted apart; calls of further ones are counted as `unattributed`.'),
    threads: cap(DEFAULT_CAPS.threads, 'Threads whose VM is remembered.'),
  })
  .prefault({});

const collectorTls = z
  .strictObject({
    ...clientTls("The agent's", 'a collector that asks for one'),
  })
  .superRefine(checkTls)
  .prefault({});

const collector = z
  .strictObject({
    url: plainUrl().optional().describe('Base URL of the collector; batches are sent to `v1/batches` below it.'),
    token: secret().optional().describe('Bearer token that the collector asks for.'),
    timeout: duration().prefault('30s').describe('How long one request may take.'),
    gzip: z.boolean().default(true).describe('Whether batches are compressed.'),
    tls: collectorTls,
  })
  .prefault({});

const kafka = kafkaSettings
  .extend({ topic: topicName(BATCHES_TOPIC).describe('Topic that batches are written to; it must be there.') })
  .prefault({});

const outbox = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether batches that are not delivered yet are kept on disk; else they are kept in memory.'),
    directory: z
      .string()
      .min(1)
      .default('/var/lib/tcewatch/outbox')
      .describe('Where they are kept: a directory of this agent alone, on a disk that outlives a reboot.'),
    bytes: byteSize()
      .refine((bytes) => bytes >= SMALLEST_OUTBOX_BYTES, 'give at least 1MiB')
      .prefault('64MiB')
      .describe('What they may take in all; beyond that the past is thinned, and no count is lost.'),
    catchUp: z
      .number()
      .positive()
      .default(10)
      .describe('Batches per second, besides the newest, that are delivered of what an outage has left behind.'),
  })
  .prefault({});

const listenTls = z
  .strictObject({
    cert: secret().optional().describe('Certificate (PEM), to serve HTTPS.'),
    key: secret().optional().describe('The private key (PEM) of that certificate.'),
  })
  .superRefine(checkTls)
  .prefault({});

const listen = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether /metrics, /healthz and /readyz are served.'),
    address: z.string().min(1).default('127.0.0.1').describe('Address to listen on; `::` for all.'),
    port: z.int().min(0).max(65_535).default(9914).describe('TCP port; 0 is any free one, which the log tells.'),
    token: secret().optional().describe('Bearer token that /metrics asks for; the probes ask for none.'),
    tls: listenTls,
  })
  .prefault({});

const state = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether a restarted agent goes on where it was; else what is counted meanwhile is lost.'),
    directory: z
      .string()
      .min(1)
      .default('/run/tcewatch')
      .describe(
        'Where the agent keeps for its next life whose calls were counted. It is of use until the next boot, so a tmpfs is ' +
          'right; in a container, mount it from the host.',
      ),
  })
  .prefault({});

export const configSchema = z
  .strictObject({
    root: z.string().min(1).default('/').describe('Everything that is read of the host lies below this directory.'),
    host,
    source: z.enum(['hist', 'userspace-exit', 'guest', 'replay']).default('hist').describe('Where readings come from.'),
    interval,
    hist,
    replay,
    caps,
    state,
    transport: z
      .enum(['http', 'kafka', 'none'])
      .optional()
      .describe('How batches leave the host; `http` when `collector.url` is given, else `none`.'),
    collector,
    kafka,
    outbox,
    listen,
    stopTimeout: duration()
      .prefault('10s')
      .describe(
        'How long a stopping agent tries to deliver what waits; the rest waits in the outbox for the next start.',
      ),
    log: logSettings.prefault({}),
  })
  .superRefine((config, context) => {
    if (config.transport === 'http' && config.collector.url === undefined) {
      const message = 'is needed by `transport: http`: give the URL of the collector';
      context.addIssue({ code: 'custom', path: ['collector', 'url'], message });
    }
    if (config.transport === 'kafka' && config.kafka.brokers.length === 0) {
      const message = 'is needed by `transport: kafka`: give host:port of some brokers';
      context.addIssue({ code: 'custom', path: ['kafka', 'brokers'], message });
    }
    if (config.source === 'replay' && config.replay.directory === undefined) {
      const message = 'is needed by `source: replay`: give the directory of the recording';
      context.addIssue({ code: 'custom', path: ['replay', 'directory'], message });
    }
  });

export type AgentConfig = z.output<typeof configSchema>;
