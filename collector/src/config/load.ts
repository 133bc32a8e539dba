/** Where the collector's settings come from: a file, the environment, flags. */
import { describeConfig, loadConfig } from '@tcewatch/config';
import { ENV_PREFIX, collectorSchema } from './schema.js';
import type { CollectorConfig } from './schema.js';

/** The environment variable that names the file where no flag does. */
export const ENV_FILE = `${ENV_PREFIX}_CONFIG`;

/** A row for each setting. */
export const CONFIG_ROWS = describeConfig(collectorSchema, ENV_PREFIX);

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws ConfigError with all that is wrong. */
export function loadCollectorConfig(
  env: Environment,
  given: { file?: string | undefined; flags?: Record<string, string> } = {},
): CollectorConfig {
  return loadConfig({
    schema: collectorSchema,
    file: given.file ?? env[ENV_FILE],
    env,
    flags: given.flags ?? {},
    prefix: ENV_PREFIX,
    otherEnv: [ENV_FILE],
  });
}
