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
import { brokerJars } from './jars.js';
import { freePorts } from './ports.js';
import type { BrokerPorts, ListenerName } from './properties.js';
import { Proxy } from './proxy.js';

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

  /** Clients hear nothing any more of any broker; needs `proxied`. */
  cut(): void {
    for (const proxy of this.#proxies) proxy.cut();
  }

  mend(): void {
    for (const proxy of this.#proxies) proxy.mend();
  }

  /** Runs one of Kafka's own tools by its class, for instance `org.apache.kafka.tools.AclCommand`; gives what it printed. */
  async tool(name: string, args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('java', [
      '-Xmx128m',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      join(this.#jars, '*'),
      name,
      ...args,
    ]);
    return stdout;
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
