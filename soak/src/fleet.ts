/** All processes of a run, and how they are told of each other. Only the brokers are started here. */
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BATCHES_TOPIC, connect, kafkaSettings } from '@tcewatch/kafka';
import type { KafkaClient } from '@tcewatch/kafka';
import { KafkaCluster, freePorts } from '@tcewatch/testing/kafka';
import { pino } from 'pino';
import type { LoadSpec } from './load.js';
import { Part } from './part.js';

export const TOPIC = BATCHES_TOPIC;
export const DEAD_LETTERS = 'tcewatch.dead-letters';
export const GROUP = 'tcewatch-collector';
export const REPLAYED_HOST = 'replayed';

const COLLECTORS = 2;
const PARTITIONS = 6;
/** The smallest that the agent takes, so that an outage soon fills it. */
const OUTBOX = '1MiB';
const READING_INTERVAL = '250ms';
/** An agent that stops is to deliver all it has. */
const STOP_TIMEOUT = '5m';
const PASSWORD = 'of-this-run';
const LARGEST_BATCH = 8 * 1024 * 1024;
/** The largest record with what a collector says of why it was refused. */
const LARGEST_DEAD_LETTER = LARGEST_BATCH + 64 * 1024;
const TOPIC_SPEC = { retentionMs: 7 * 24 * 3_600_000, maxMessageBytes: LARGEST_BATCH };

export interface ServerOptions {
  /** The directory of data and logs. */
  directory: string;
  brokers: 1 | 3;
}

export interface AgentOptions {
  directory: string;
  loads: readonly LoadSpec[];
  /** Directory of the recording that one more agent replays, and how many times as fast as it was recorded. */
  recording: string;
  replaySpeed: number;
}

/** An agent of a generated host. */
export interface AgentPart {
  part: Part;
  /** The URL at which it serves its metrics. */
  url: string;
}

/** The servers that agents need to deliver to. */
export interface Servers {
  cluster: KafkaCluster;
  /** The client of the run itself; it comes through the same network as the others. */
  client: KafkaClient;
  clickhouse: Part;
  collectors: readonly Part[];
}

export interface Fleet extends Servers {
  agents: readonly AgentPart[];
  replay: Part;
}

const require = createRequire(import.meta.url);
const AGENT_PROGRAM = fileURLToPath(new URL('../dist/agent-program.js', import.meta.url));

export function executable(name: 'agent' | 'collector'): string {
  return join(dirname(require.resolve(`@tcewatch/${name}`)), '..', 'bin', `tcewatch-${name}.js`);
}

/** Starts the brokers and makes the topics. */
export async function prepareServers(options: ServerOptions): Promise<Servers> {
  const { brokers } = options;
  const cluster = await KafkaCluster.start({ brokers, proxied: true });
  const client = await connect(kafkaSettings.parse({ brokers: cluster.addresses() }), {
    log: pino({ level: 'silent' }),
  });
  try {
    const specs = [
      { name: TOPIC, partitions: PARTITIONS, replicationFactor: brokers, ...TOPIC_SPEC },
      {
        name: DEAD_LETTERS,
        partitions: 1,
        replicationFactor: brokers,
        ...TOPIC_SPEC,
        maxMessageBytes: LARGEST_DEAD_LETTER,
      },
    ];
    const problems = await client.admin.ensureTopics(specs, true);
    if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
    const [port = 0] = await freePorts(1);
    const collectors = Array.from({ length: COLLECTORS }, (_, i) => collectorPart(options, cluster, port, i + 1));
    return { cluster, client, clickhouse: clickhousePart(options, port), collectors };
  } catch (error) {
    await client.close();
    await cluster.close();
    throw error;
  }
}

export async function addAgents(servers: Servers, options: AgentOptions): Promise<Fleet> {
  const { cluster } = servers;
  const ports = await freePorts(options.loads.length);
  const agents = options.loads.map((load, i) => agentPart(options, cluster, load, ports[i] ?? 0));
  return { ...servers, agents, replay: replayPart(options, cluster) };
}

/** Lists the parts that are started and stopped alike: all but the brokers. */
export function partsOf({ clickhouse, collectors, agents, replay }: Fleet): Part[] {
  return [clickhouse, ...collectors, ...agents.map(({ part }) => part), replay];
}

function clickhousePart({ directory }: ServerOptions, port: number): Part {
  return new Part({
    name: 'clickhouse',
    args: [executable('collector'), 'clickhouse'],
    env: {
      TCEWATCH_COLLECTOR_CLICKHOUSE_EMBEDDED_DIRECTORY: join(directory, 'clickhouse'),
      TCEWATCH_COLLECTOR_CLICKHOUSE_EMBEDDED_PORT: String(port),
      TCEWATCH_COLLECTOR_CLICKHOUSE_PASSWORD: PASSWORD,
    },
    log: join(directory, 'clickhouse.log'),
    announces: true,
  });
}

function collectorPart(
  { directory, brokers }: ServerOptions,
  cluster: KafkaCluster,
  port: number,
  number: number,
): Part {
  const kept = ['READINGS', 'MINUTES', 'HOURS', 'HOSTS', 'ALERTS'];
  return new Part({
    name: `collector-${number}`,
    args: [executable('collector'), 'run'],
    env: {
      TCEWATCH_COLLECTOR_CLICKHOUSE_URL: `http://127.0.0.1:${port}`,
      TCEWATCH_COLLECTOR_CLICKHOUSE_USER: 'tcewatch',
      TCEWATCH_COLLECTOR_CLICKHOUSE_PASSWORD: PASSWORD,
      TCEWATCH_COLLECTOR_LISTEN_PORT: '0',
      TCEWATCH_COLLECTOR_KAFKA_BROKERS: cluster.addresses().join(','),
      TCEWATCH_COLLECTOR_KAFKA_GROUP: GROUP,
      TCEWATCH_COLLECTOR_KAFKA_TOPIC: TOPIC,
      TCEWATCH_COLLECTOR_KAFKA_DEAD_LETTER_TOPIC: DEAD_LETTERS,
      TCEWATCH_COLLECTOR_KAFKA_TOPICS_PARTITIONS: String(PARTITIONS),
      TCEWATCH_COLLECTOR_KAFKA_TOPICS_REPLICAS: String(brokers),
      // The recording is as old as it is: nothing of it may be too old to keep.
      ...Object.fromEntries(kept.map((table) => [`TCEWATCH_COLLECTOR_CLICKHOUSE_RETENTION_${table}`, '0'])),
    },
    log: join(directory, `collector-${number}.log`),
    announces: true,
  });
}

function kafkaOfAgents(cluster: KafkaCluster): Record<string, string> {
  return {
    TCEWATCH_AGENT_TRANSPORT: 'kafka',
    TCEWATCH_AGENT_KAFKA_BROKERS: cluster.addresses().join(','),
    TCEWATCH_AGENT_KAFKA_TOPIC: TOPIC,
    TCEWATCH_AGENT_OUTBOX_BYTES: OUTBOX,
  };
}

function agentPart({ directory }: AgentOptions, cluster: KafkaCluster, load: LoadSpec, port: number): AgentPart {
  const own = join(directory, load.host);
  mkdirSync(own);
  const part = new Part({
    name: `agent of ${load.host}`,
    args: [AGENT_PROGRAM, JSON.stringify(load)],
    env: {
      ...kafkaOfAgents(cluster),
      TCEWATCH_AGENT_INTERVAL: READING_INTERVAL,
      TCEWATCH_AGENT_OUTBOX_DIRECTORY: join(own, 'outbox'),
      TCEWATCH_AGENT_STATE_DIRECTORY: join(own, 'state'),
      TCEWATCH_AGENT_LISTEN_PORT: String(port),
      TCEWATCH_AGENT_STOP_TIMEOUT: STOP_TIMEOUT,
    },
    log: join(directory, `${load.host}.log`),
    announces: false,
  });
  return { part, url: `http://127.0.0.1:${port}` };
}

/** A replay that is killed begins anew. */
function replayPart({ directory, recording, replaySpeed }: AgentOptions, cluster: KafkaCluster): Part {
  return new Part({
    name: 'agent that replays',
    args: [executable('agent'), 'replay', recording, '--speed', String(replaySpeed), '--json'],
    env: { ...kafkaOfAgents(cluster), TCEWATCH_AGENT_HOST_ID: REPLAYED_HOST },
    log: join(directory, 'replay.log'),
    announces: false,
    finite: true,
  });
}
