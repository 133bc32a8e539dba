/** `tcewatch-collector clickhouse`: the embedded ClickHouse alone, for several collectors of this host to share. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { Command } from 'commander';
import { startEngine } from '../collector.js';
import { CONFIG_ROWS, ENV_PREFIX, loadCollectorConfig } from '../config/index.js';
import { stopped } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const ROWS = CONFIG_ROWS.filter(({ path }) => /^(clickhouse\.(embedded|password)|log\.)/.test(path));

const EXAMPLES = `
When it answers it prints one line of JSON, {"url": "http://127.0.0.1:...", "user": "..."}, on standard output.

Example:
  $ tcewatch-collector clickhouse --clickhouse-embedded-port 8123 --clickhouse-password-file ./password
  $ tcewatch-collector run --clickhouse-url http://127.0.0.1:8123 --clickhouse-password-file ./password
`;

export function clickhouseCommand(surroundings: Surroundings): Command {
  const command = new Command('clickhouse')
    .description('run the embedded ClickHouse alone, for several collectors of this host to share')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      const { env, createLog, stdout, stop } = surroundings;
      const config = loadCollectorConfig(env, givenSettings(command, ROWS));
      if (!config.clickhouse.password) {
        throw new CommandError(
          'clickhouse.password is needed, since the collectors must give it; name a file that has one',
        );
      }
      const engine = await startEngine(config, createLog(config.log));
      stdout.write(`${JSON.stringify({ url: engine.url, user: engine.username })}\n`);
      await stopped(stop);
      await engine.close();
    });
  return addConfigOptions(command, ROWS, ENV_PREFIX);
}
