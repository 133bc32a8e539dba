/** The transports by name, made from the configuration. Adding one is adding a file and a line here. */
import type { Logger } from 'pino';
import type { AgentConfig } from '../config/schema.js';
import type { Pace } from '../sources/pace.js';
import { HttpTransport } from './http.js';
import { noTransport } from './none.js';
import type { Transport } from './transport.js';

/** What transports would otherwise take from their surroundings. */
export interface TransportContext {
  pace: Pace;
  log: Logger;
}

type TransportName = NonNullable<AgentConfig['transport']>;
type TransportFactory = (config: AgentConfig, context: TransportContext) => Transport;

const TRANSPORTS: Readonly<Record<TransportName, TransportFactory>> = {
  http: createHttp,
  none: () => noTransport,
};

/** The transport that the configuration names, or means by giving a collector. */
export function createTransport(config: AgentConfig, context: TransportContext): Transport {
  const name = config.transport ?? (config.collector.url === undefined ? 'none' : 'http');
  return TRANSPORTS[name](config, context);
}

function createHttp({ collector, queue }: AgentConfig, { pace, log }: TransportContext): Transport {
  const { url, token, timeout, gzip, tls } = collector;
  if (url === undefined) throw new RangeError('the schema lets `transport: http` pass only with a collector.url');
  return new HttpTransport({
    url,
    token: token?.reveal(),
    tls: { ca: tls.ca?.reveal(), cert: tls.cert?.reveal(), key: tls.key?.reveal() },
    gzip,
    timeoutMs: timeout,
    backoff: { firstMs: 500, longestMs: 30_000 },
    queue,
    sleep: (ms, signal) => pace.sleep(ms, signal),
    log,
  });
}
