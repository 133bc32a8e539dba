/**
 * The transports by name. To add one, add its file with an entry (transport.ts), and a line here. The configuration,
 * `--help`, the reference page and the chart's schema take it from there.
 */
import type { Logger } from 'pino';
import type { Intersected, MissingSetting, SettingsOf } from '../sections.js';
import { http } from './http.js';
import { kafka } from './kafka.js';
import type { Transport } from './transport.js';

export const TRANSPORTS = { http, kafka } as const;

/** Names of transports; `none` is for sites that only scrape the agent, and for counting a recording. */
export type TransportName = keyof typeof TRANSPORTS | 'none';
export const TRANSPORT_NAMES = [...Object.keys(TRANSPORTS), 'none'] as TransportName[];

type Shape = Intersected<(typeof TRANSPORTS)[keyof typeof TRANSPORTS]['settings']>;
export type TransportSettings = SettingsOf<Shape>;

/** The sections of all transports in the configuration. */
export const TRANSPORT_SETTINGS = Object.assign(
  {},
  ...Object.values(TRANSPORTS).map(({ settings }) => settings),
) as Shape;

export type TransportChoice = TransportSettings & { transport?: TransportName | undefined };

/** Creates the transport that the configuration names, or means by giving a collector; undefined to deliver nowhere. */
export function createTransport(config: TransportChoice, log: Logger): Transport | undefined {
  const name = config.transport ?? (config.collector.url === undefined ? 'none' : 'http');
  return name === 'none' ? undefined : TRANSPORTS[name].create(config, log);
}

/** Returns the setting that the named transport needs and was not given. */
export function missingTransportSetting({
  transport = 'none',
  ...settings
}: TransportChoice): MissingSetting | undefined {
  return transport === 'none' ? undefined : TRANSPORTS[transport].missing(settings);
}
