/** The transports by name, made from the configuration. Adding one is adding a file and a line here. */
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/schema.js';
import { HttpTransport } from './http.js';
import { KafkaTransport } from './kafka.js';
import type { Transport } from './transport.js';

type TransportName = NonNullable<AgentConfig['transport']>;
type TransportFactory = (config: AgentConfig, log: Logger) => Transport | undefined;

const TRANSPORTS: Readonly<Record<TransportName, TransportFactory>> = {
  http: createHttp,
  kafka: ({ kafka: { topic, ...settings } }, log) => new KafkaTransport({ settings, topic, log }),
  // For sites that only scrape the agent, and for counting a recording.
  none: () => undefined,
};

/** The transport that the configuration names, or means by giving a collector; undefined to deliver nowhere. */
export function createTransport(config: AgentConfig, log: Logger): Transport | undefined {
  const name = config.transport ?? (config.collector.url === undefined ? 'none' : 'http');
  return TRANSPORTS[name](config, log);
}

function createHttp({ collector }: AgentConfig): Transport {
  const { url, token, timeout, gzip, tls } = collector;
  if (url === undefined) throw new RangeError('the schema lets `transport: http` pass only with a collector.url');
  return new HttpTransport({
    url,
    token: token?.reveal(),
    tls: { ca: tls.ca?.reveal(), cert: tls.cert?.reveal(), key: tls.key?.reveal() },
    gzip,
    timeoutMs: timeout,
  });
}
