/** Configuration of the collector, from its file, the environment and flags. */
import { describeConfig, loadConfig } from '@tcewatch/common';
import type { Environment, GivenSettings } from '@tcewatch/common';
import { ENV_PREFIX, collectorSchema } from './schema.js';
import type { CollectorConfig } from './schema.js';

export { policyOf } from '../alerts/config.js';
export type { NotifierConfig } from '../notifier/registry.js';
export * from './schema.js';

/** The settings as rows, for `--help` and the reference page. */
export const CONFIG_ROWS = describeConfig(collectorSchema, ENV_PREFIX);

/** Throws ConfigError with all that is wrong. */
export function loadCollectorConfig(env: Environment, given: GivenSettings = {}): CollectorConfig {
  return loadConfig({ schema: collectorSchema, prefix: ENV_PREFIX, env, ...given });
}
