/** What a broker of a test is told: server.properties and the arguments of its format step. */

/** How clients come in. All listeners are open at once; brokers and tests' own tools use `plaintext`. */
export type ListenerName = 'plaintext' | 'tls' | 'sasl';

export interface BrokerPorts {
  controller: number;
  /**
   * The port where each listener listens, and what it tells clients to connect to: another port where a proxy is in
   * between.
   */
  listeners: Record<ListenerName, { port: number; advertised: number }>;
}

export interface BrokerPlan {
  id: number;
  directory: string;
  /** Ports of all brokers, by id. */
  ports: ReadonlyMap<number, BrokerPorts>;
  keystore: string;
  truststore: string;
  /** Passwords by user, for PLAIN and SCRAM. */
  users: Readonly<Record<string, string>>;
  extra: Readonly<Record<string, string>>;
}

const PROTOCOLS: Readonly<Record<ListenerName, string>> = { plaintext: 'PLAINTEXT', tls: 'SSL', sasl: 'SASL_SSL' };
const NAMES: readonly ListenerName[] = ['plaintext', 'tls', 'sasl'];
const LOGIN = 'org.apache.kafka.common.security';

/** Text of server.properties. */
export function serverProperties(plan: BrokerPlan): string {
  const all = { ...topology(plan), ...security(plan), ...speed(plan.ports.size), ...plan.extra };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** The SCRAM users' part of `kafka-storage format`. */
export function scramArguments(users: Readonly<Record<string, string>>): string[] {
  return Object.entries(users).flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((m) => ['--add-scram', `${m}=[name=${name},password=${password}]`]),
  );
}

function topology({ id, directory, ports }: BrokerPlan): Record<string, string> {
  const own = ports.get(id);
  if (!own) throw new RangeError(`no ports for broker ${id}`);
  const listeners = (of: 'port' | 'advertised') =>
    NAMES.map((name) => `${PROTOCOLS[name]}://127.0.0.1:${own.listeners[name][of]}`).join(',');
  return {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': [...ports].map(([node, { controller }]) => `${node}@127.0.0.1:${controller}`).join(','),
    listeners: `${listeners('port')},CONTROLLER://127.0.0.1:${own.controller}`,
    'advertised.listeners': listeners('advertised'),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL',
    'log.dirs': `${directory}/data`,
  };
}

function security({ keystore, truststore, users }: BrokerPlan): Record<string, string> {
  const plain = Object.entries(users).map(([name, password]) => `user_${name}="${password}"`);
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keystore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': truststore,
    'listener.name.ssl.ssl.client.auth': 'required',
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': `${LOGIN}.plain.PlainLoginModule required ${plain.join(' ')};`,
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': `${LOGIN}.scram.ScramLoginModule required;`,
    // Takes tokens without a signature, which only tests may.
    'listener.name.sasl_ssl.oauthbearer.sasl.jaas.config': `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    // Whoever comes by the plaintext listener.
    'super.users': 'User:ANONYMOUS',
  };
}

/** Small and quick to notice that a broker is gone; three replicas where there are as many brokers. */
function speed(brokers: number): Record<string, string> {
  const replicas = String(Math.min(brokers, 3));
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': brokers > 1 ? '2' : '1',
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': '3',
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '3',
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '3000',
    'replica.lag.time.max.ms': '5000',
    'group.min.session.timeout.ms': '1000',
  };
}
