/** The collector's settings: defaults, checks, `--help`, environment and the reference page all come from here. */
import { isIPv4 } from 'node:net';
import { byteSize, checkTls, duration, logSettings, plainUrl, secret } from '@tcewatch/common';
import { BATCHES_TOPIC, kafkaSettings, topicName } from '@tcewatch/kafka';
import { z } from 'zod';
import { DEFAULT_REPLICA_PATH, DEFAULT_RETENTION, KEPT_TABLES } from '../store/index.js';
import type { KeptTable, RetentionGroup } from '../store/index.js';
import { detector } from '../alerts/config.js';
import { links } from '../notifier/links.js';
import { notifiers } from '../notifier/registry.js';

const days = (group: RetentionGroup, what: string) =>
  z.int().min(0).default(DEFAULT_RETENTION[group]).describe(`Days that ${what} are kept; 0 keeps them for ever.`);

const daysOfTable = ({ table, group }: (typeof KEPT_TABLES)[number]) =>
  z
    .int()
    .min(0)
    .optional()
    .describe(`Days that the table ${table} keeps its rows, 0 for ever. Without it \`clickhouse.retention.${group}\`.`);

const daysOfTables = Object.fromEntries(KEPT_TABLES.map((kept) => [kept.key, daysOfTable(kept)])) as Record<
  KeptTable,
  ReturnType<typeof daysOfTable>
>;

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
  timeout: duration()
    .prefault('60s')
    .describe('How long one answer of ClickHouse may take. What it has not acknowledged by then is sent again.'),
  cluster: z
    .string()
    .regex(/^[\w.-]+$/, 'expected a name of letters, digits, _, . and -')
    .optional()
    .describe(
      "Cluster of the server's remote_servers: the tables are made on all of its nodes, replicated, and sharded by host. " +
        'Without it they are those of the one server.',
    ),
  replicaPath: z
    .string()
    .startsWith('/', 'expected a path in Keeper that begins with /')
    .refine((path) => ['{shard}', '{database}', '{table}'].every((macro) => path.includes(macro)), {
      error: 'must hold {shard}, {database} and {table}, so that no two tables meet',
    })
    .default(DEFAULT_REPLICA_PATH)
    .describe('Where in Keeper the replicas of a table meet, on a cluster. ClickHouse fills in the macros.'),
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
      reader: z
        .strictObject({
          user: z.string().min(1).default('reader').describe('Who may only read the embedded engine, as Grafana does.'),
          password: secret()
            .optional()
            .describe(
              'Password of that user. Without it one is made up and kept in the file `reader-password` of the directory.',
            ),
        })
        .prefault({}),
    })
    .prefault({}),
  retention: z
    .strictObject({
      readings: days('readings', 'single readings'),
      minutes: days('minutes', 'rollups by minute'),
      hours: days('hours', 'rollups by hour'),
      hosts: days('hosts', 'host readings and runs, accounts and facts of VMs'),
      alerts: days('alerts', 'alert events'),
      tables: z.strictObject(daysOfTables).prefault({}),
    })
    .prefault({}),
});

const listen = z.strictObject({
  address: z.string().min(1).default('127.0.0.1').describe('Address to listen on; 0.0.0.0 is all.'),
  port: z.int().min(0).max(65535).default(9915).describe('TCP port for intake, read API and metrics; 0: a free one.'),
  tls: z
    .strictObject({
      cert: secret().optional().describe('Certificate (PEM) with its chain, to serve HTTPS.'),
      key: secret().optional().describe('The private key (PEM) of that certificate.'),
    })
    .superRefine(checkTls)
    .prefault({}),
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

const kafka = kafkaSettings.extend({
  topic: topicName(BATCHES_TOPIC).describe('Topic of the batches.'),
  deadLetterTopic: topicName('tcewatch.dead-letters').describe('Topic for records that can never be taken.'),
  group: z.string().min(1).max(249).default('tcewatch-collector').describe('Consumer group of all collectors.'),
  topics: z
    .strictObject({
      create: z.boolean().default(true).describe('Whether topics are created that are not there.'),
      partitions: z.int().min(1).max(10_000).default(12).describe('Least partitions of the topic of the batches.'),
      replicas: z.int().min(1).max(100).default(3).describe('Least replicas of each partition.'),
      retention: duration().prefault('7d').describe('Least time that the topics keep records.'),
    })
    .prefault({}),
});

const hosts = z.strictObject({
  maxClockSkew: duration()
    .prefault('10s')
    .describe("How far a host's clock may be from the collector's before that is told as a problem of the host."),
});

/** The schema of `tcewatch-collector`. */
export const collectorSchema = z
  .strictObject({
    clickhouse: clickhouse.prefault({}),
    listen: listen.prefault({}),
    intake: intake.prefault({}),
    kafka: kafka.prefault({}).describe('Batches are taken from Kafka, too, when `kafka.brokers` are given.'),
    read: z
      .strictObject({
        token: secret().optional().describe('Bearer token for the read API. Without it whoever connects may read.'),
      })
      .prefault({}),
    detector: detector.prefault({}),
    hosts: hosts.prefault({}),
    publicUrl: plainUrl()
      .optional()
      .describe(
        "The collector's own address as people reach it, for links in notifications; without it there are none.",
      ),
    links: links.prefault({}),
    notifiers: notifiers.default([{ type: 'log' }]).describe('Who is told of alerts.'),
    log: logSettings.prefault({}),
  })
  .superRefine(
    ({ clickhouse: { url, cluster }, listen: { address }, intake: { token, maxBytes, maxInFlight } }, context) => {
      if (cluster !== undefined && url === undefined) {
        const message = 'needs clickhouse.url, the address of one of its nodes: the embedded engine is no cluster';
        context.addIssue({ code: 'custom', path: ['clickhouse', 'cluster'], message });
      }
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
    },
  );

export type CollectorConfig = z.output<typeof collectorSchema>;
export type KafkaConfig = CollectorConfig['kafka'];

/** Prefix of the collector's environment variables. */
export const ENV_PREFIX = 'TCEWATCH_COLLECTOR';

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || (isIPv4(address) && address.startsWith('127.'));
}
