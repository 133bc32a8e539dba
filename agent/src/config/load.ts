/** The agent's configuration from its file, the environment and flags. */
import { describeConfig, loadConfig } from '@tcewatch/common';
import type { Environment, GivenSettings } from '@tcewatch/common';
import { ENV_PREFIX, configSchema } from './schema.js';
import type { AgentConfig } from './schema.js';

/** The settings as rows, for `--help` and the reference page. */
export const CONFIG_ROWS = describeConfig(configSchema, ENV_PREFIX);

/** Throws ConfigError with all that is wrong. */
export function loadAgentConfig(env: Environment, given: GivenSettings = {}): AgentConfig {
  return loadConfig({ schema: configSchema, prefix: ENV_PREFIX, env, ...given });
}
