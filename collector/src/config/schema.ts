/** The collector's settings: defaults, checks, `--help`, environment and the reference page all come from here. */
import { isIPv4 } from 'node:net';
import { byteSize, duration, plainUrl, secret } from '@tcewatch/config';
import { z } from 'zod';

const days = (fallback: number, what: string) =>
  z.int().min(0).default(fallback).describe(`Days that ${what} are kept; 0 keeps them for ever.`);

const clickhouse = z.strictObject({
  url: plainUrl().optional().describe('ClickHouse server to store in. Without it the embedded engine is started.'),
  user: z.string().min(1).default('default').describe('User of the server.'),
  password: secret()
    .optional()
    .describe('Password of that user, or of the embedded engine, which makes one up where none is given.'),
  database: z
    .string()
    .regex(/^[A-Za-z_]\w*$/, 'expected a name of letters, digits and _')
    .default('tcewatch')
    .describe('Database, created when it is not there.'),
  embedded: z
    .strictObject({
      directory: z
        .string()
        .min(1)
        .default('/var/lib/tcewatch/clickhouse')
        .describe('Where the embedded engine keeps its data.'),
      port: z
        .int()
        .min(0)
        .max(65535)
        .default(0)
        .describe('TCP port of the embedded engine on 127.0.0.1; 0: a free one.'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      readings: days(30, 'single readings'),
      minutes: days(180, 'rollups by minute'),
      hours: days(1830, 'rollups by hour'),
      hosts: days(180, 'host readings, accounts and facts of VMs'),
      alerts: days(1830, 'alert events'),
    })
    .prefault({}),
});

const listen = z.strictObject({
  address: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 is all.'),
  port: z.int().min(0).max(65535).default(9915).describe('TCP port for intake, read API and metrics; 0: a free one.'),
  tls: z
    .strictObject({
      cert: z.string().min(1).describe('PEM file of the certificate chain.'),
      key: z.string().min(1).describe('PEM file of its private key.'),
    })
    .optional(),
});

const intake = z.strictObject({
  token: secret()
    .optional()
    .describe('Bearer token that agents must give. May be left out on a loopback address only.'),
  maxBytes: byteSize()
    .prefault('8MiB')
    .describe('Largest request, with all of its batches, compressed and decompressed.'),
  maxInFlight: byteSize()
    .prefault('128MiB')
    .describe('Bytes of batches that may be in flight; more are told to come later. At least twice maxBytes.'),
});

const share = z.number().min(0).max(1);
const rate = z.number().min(0);

const detector = z.strictObject({
  minShare: share.default(0.1).describe("Least share of a VM's calls that must go to userspace for an alert."),
  minRate: rate.default(1).describe('Least calls a second that must go to userspace for an alert.'),
  minRateBlind: rate
    .default(100)
    .describe('The same for VMs whose real mode cannot be observed: there the share says nothing.'),
  for: duration().prefault('10s').describe('How long both must hold before an alert fires.'),
  keepFiringFor: duration().prefault('60s').describe('How long they must not hold before it resolves.'),
});

const notifier = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('log').describe('Kind of notifier.') }),
  z.strictObject({
    type: z.literal('webhook').describe('Kind of notifier.'),
    name: z.string().min(1).default('webhook').describe('Its name in logs and metrics.'),
    url: plainUrl({ exact: true }).describe('Where to post the event as JSON.'),
    token: secret().optional().describe('Bearer token to send.'),
    secret: secret().optional().describe('Key of the signature in the header x-tcewatch-signature.'),
    timeout: duration().prefault('10s').describe('How long one attempt may take.'),
  }),
]);

/** The schema of `tcewatch-collector`. */
export const collectorSchema = z
  .strictObject({
    clickhouse: clickhouse.prefault({}),
    listen: listen.prefault({}),
    intake: intake.prefault({}),
    read: z
      .strictObject({
        token: secret().optional().describe('Bearer token for the read API. Without it whoever connects may read.'),
      })
      .prefault({}),
    detector: detector.prefault({}),
    notifiers: z
      .array(notifier)
      .default([{ type: 'log' }])
      .describe('Who is told of alerts.'),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
          .default('info')
          .describe('Least level that is logged.'),
      })
      .prefault({}),
  })
  .superRefine(({ listen: { address }, intake: { token, maxBytes, maxInFlight } }, context) => {
    if (!token && !isLoopback(address)) {
      const message =
        `is needed to listen on ${address}, where others can connect: ` +
        'give one (intake.token.file), or set listen.address to 127.0.0.1';
      context.addIssue({ code: 'custom', path: ['intake', 'token'], message });
    }
    if (maxInFlight < 2 * maxBytes) {
      const message = 'must be at least twice intake.maxBytes, else the largest request is never taken';
      context.addIssue({ code: 'custom', path: ['intake', 'maxInFlight'], message });
    }
  });

export type CollectorConfig = z.output<typeof collectorSchema>;
export type NotifierConfig = z.output<typeof notifier>;

/** Prefix of the collector's environment variables. */
export const ENV_PREFIX = 'TCEWATCH_COLLECTOR';

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
