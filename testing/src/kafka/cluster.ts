/** A cluster of one or three real brokers, each controller too, with all listeners open. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Broker } from './broker.js';
import { makeCertificates } from './certificates.js';
import type { Certificates } from './certificates.js';
import { BROKER_FILES, brokerJars } from './jars.js';
import { freePorts } from './ports.js';
import type { BrokerPorts, ListenerName } from './properties.js';
import { Proxy } from './proxy.js';
import type { Cut } from './proxy.js';

export interface ClusterOptions {
  brokers?: 1 | 3;
  /** Passwords by user of the listener `sasl`. */
  users?: Readonly<Record<string, string>>;
  /** Whether clients of the listener `plaintext` come through proxies, so that the network can be cut. */
  proxied?: boolean;
  /** Further lines of server.properties. */
  properties?: Readonly<Record<string, string>>;
}

const PORTS_PER_BROKER = 5;
/** What Kafka's scripts start. */
const TOOLS: ReadonlyMap<string, string> = new Map([
  ['kafka-topics.sh', 'org.apache.kafka.tools.TopicCommand'],
  ['kafka-acls.sh', 'org.apache.kafka.tools.AclCommand'],
  ['kafka-delete-records.sh', 'org.apache.kafka.tools.DeleteRecordsCommand'],
  ['kafka-configs.sh', 'kafka.admin.ConfigCommand'],
  ['kafka-consumer-groups.sh', 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'],
]);

export class KafkaCluster {
  readonly #directory: string;
  readonly #ports: ReadonlyMap<number, BrokerPorts>;
  readonly #proxies: readonly Proxy[];
  readonly #jars: string;
  readonly brokers: readonly Broker[];

  private constructor(
    directory: string,
    ports: ReadonlyMap<number, BrokerPorts>,
    proxies: readonly Proxy[],
    jars: string,
    brokers: readonly Broker[],
    readonly certificates: Certificates,
  ) {
    this.#directory = directory;
    this.#ports = ports;
    this.#proxies = proxies;
    this.#jars = jars;
    this.brokers = brokers;
  }

  static async start(options: ClusterOptions = {}): Promise<KafkaCluster> {
    const jars = await brokerJars();
    const directory = mkdtempSync(join(tmpdir(), 'tcewatch-kafka-'));
    const certificates = await makeCertificates(directory);
    const [keystore, truststore] = [join(directory, 'keystore.pem'), join(directory, 'ca.pem')];
    writeFileSync(keystore, certificates.brokerKeystore);
    const ports = await choosePorts(options.brokers ?? 1, options.proxied ?? false);
    const plan = { ports, keystore, truststore, users: options.users ?? {}, extra: options.properties ?? {} };
    const brokers = [...ports.keys()].map(
      (id) => new Broker({ ...plan, id, directory: join(directory, String(id)) }, jars),
    );
    const proxies = options.proxied ? await startProxies(ports) : [];
    const cluster = new KafkaCluster(directory, ports, proxies, jars, brokers, certificates);
    const clusterId = randomBytes(16).toString('base64url');
    try {
      for (const broker of brokers) await broker.format(clusterId);
      await Promise.all(brokers.map((broker) => broker.start()));
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** `host:port` of every broker, for the setting `brokers`. */
  addresses(listener: ListenerName = 'plaintext'): string[] {
    return [...this.#ports.values()].map(({ listeners }) => `127.0.0.1:${listeners[listener].advertised}`);
  }

  broker(id: number): Broker {
    const broker = this.brokers.find((one) => one.id === id);
    if (!broker) throw new RangeError(`there is no broker ${id}`);
    return broker;
  }

  /**
   * Clients hear nothing any more of any broker, nor brokers of them unless `answers` alone are cut; needs `proxied`.
   */
  cut(what: Cut = 'all'): void {
    for (const proxy of this.#proxies) proxy.cut(what);
  }

  /** Connections that there are fall silent for ever, while new ones are as they should be; needs `proxied`. */
  freeze(): void {
    for (const proxy of this.#proxies) proxy.freeze();
  }

  mend(): void {
    for (const proxy of this.#proxies) proxy.mend();
  }

  /** Runs one of Kafka's own tools as one would in a shell, `kafka-acls.sh --list`; gives what it printed. */
  async run(command: string): Promise<string> {
    const [script = '', ...words] = command.replaceAll(/\\\n/g, ' ').trim().split(/\s+/);
    const tool = TOOLS.get(script);
    if (tool === undefined) throw new RangeError(`no tool is called ${script}`);
    const args = [
      ...words,
      ...(words.includes('--bootstrap-server') ? [] : ['--bootstrap-server', this.addresses().join(',')]),
    ];
    const { stdout } = await promisify(execFile)('java', [...this.#java(), tool, ...args]);
    return stdout;
  }

  /** Puts Kafka's own tools into a directory, by the names of their scripts, for the PATH of a shell. */
  writeTools(directory: string): void {
    const java = ['java', ...this.#java()].map((word) => `'${word}'`).join(' ');
    for (const [script, tool] of TOOLS) {
      writeFileSync(join(directory, script), `#!/bin/sh\nexec ${java} ${tool} "$@"\n`, { mode: 0o755 });
    }
  }

  #java(): string[] {
    return [
      ...['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', join(this.#jars, '*')],
      `-Dlog4j2.configurationFile=${BROKER_FILES}log4j2.yaml`,
    ];
  }

  /** Kills what still runs and removes the directory. */
  async close(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.stop('SIGKILL')));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

async function choosePorts(brokers: number, proxied: boolean): Promise<Map<number, BrokerPorts>> {
  const free = await freePorts(brokers * PORTS_PER_BROKER);
  const next = () => free.pop() ?? 0;
  const listener = (port: number) => ({ port, advertised: port });
  const ids = Array.from({ length: brokers }, (_, i) => i + 1);
  return new Map(
    ids.map((id) => {
      const plaintext = { ...listener(next()), ...(proxied && { advertised: next() }) };
      return [id, { controller: next(), listeners: { plaintext, tls: listener(next()), sasl: listener(next()) } }];
    }),
  );
}

function startProxies(ports: ReadonlyMap<number, BrokerPorts>): Promise<Proxy[]> {
  return Promise.all(
    [...ports.values()].map(({ listeners: { plaintext } }) => Proxy.start(plaintext.advertised, plaintext.port)),
  );
}
