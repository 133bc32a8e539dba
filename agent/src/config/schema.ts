/**
 * The agent's settings in one schema: defaults, checks, `--help`, names in the environment and the reference page all
 * come from here.
 */
import { byteSize, checkTls, describeConfig, duration, loadConfig, logSettings, secret } from '@tcewatch/common';
import type { Environment, GivenSettings } from '@tcewatch/common';
import { z } from 'zod';
import { DEFAULT_CAPS } from '../ledger/state.js';
import { SOURCE_NAMES, SOURCE_SETTINGS, missingSourceSetting } from '../sources/registry.js';
import { TRANSPORT_NAMES, TRANSPORT_SETTINGS, missingTransportSetting } from '../transport/registry.js';
import type { MissingSetting } from '../sections.js';

/** Prefix of the settings' names in the environment. */
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
    source: z.enum(SOURCE_NAMES).default('hist').describe('Where readings come from.'),
    interval,
    ...SOURCE_SETTINGS,
    caps,
    state,
    transport: z
      .enum(TRANSPORT_NAMES)
      .optional()
      .describe('How batches leave the host; `http` when `collector.url` is given, else `none`.'),
    ...TRANSPORT_SETTINGS,
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
    const refuse = ({ path, fix }: MissingSetting, by: string) => {
      context.addIssue({ code: 'custom', path, message: `is needed by \`${by}\`: ${fix}` });
    };
    const forTransport = missingTransportSetting(config);
    if (forTransport) refuse(forTransport, `transport: ${config.transport}`);
    const forSource = missingSourceSetting(config.source, config);
    if (forSource) refuse(forSource, `source: ${config.source}`);
  });

export type AgentConfig = z.output<typeof configSchema>;

/** The settings as rows, for `--help` and the reference page. */
export const CONFIG_ROWS = describeConfig(configSchema, ENV_PREFIX);

/** Loads the configuration. Throws ConfigError with everything that is wrong. */
export function loadAgentConfig(env: Environment, given: GivenSettings = {}): AgentConfig {
  return loadConfig({ schema: configSchema, prefix: ENV_PREFIX, env, ...given });
}
