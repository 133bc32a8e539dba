/** The agent's configuration from its file, the environment and flags. */
import { describeConfig, loadConfig } from '@tcewatch/config';
import { ENV_FILE, ENV_PREFIX, configSchema } from './schema.js';
import type { AgentConfig } from './schema.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The settings as rows, for `--help` and the reference page. */
export const CONFIG_ROWS = describeConfig(configSchema, ENV_PREFIX);

/**
 * Loads it; `file` wins over the file that the environment names, `flags` are texts by path. Throws ConfigError with all
 * that is wrong.
 */
export function loadAgentConfig(
  env: Environment,
  { file, flags = {} }: { file?: string | undefined; flags?: Readonly<Record<string, string>> } = {},
): AgentConfig {
  const input = { schema: configSchema, prefix: ENV_PREFIX, otherEnv: [ENV_FILE] };
  return loadConfig({ ...input, file: file ?? env[ENV_FILE], env, flags });
}
