/** `tcewatch-collector run`: takes batches until it is stopped. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { startTelemetry } from '@tcewatch/opentelemetry';
import { Command } from 'commander';
import { startCollector } from '../collector.js';
import { CONFIG_ROWS, ENV_PREFIX, loadCollectorConfig } from '../config/index.js';
import type { CollectorConfig } from '../config/index.js';
import { stopped } from './surroundings.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
When it listens it prints one line of JSON, {"url": "http://..."}, on standard output; logs go to standard error.

Examples:
  $ tcewatch-collector run --clickhouse-embedded-directory ./data
      stores in the embedded ClickHouse and takes batches on http://127.0.0.1:9915/v1/batches
  $ tcewatch-collector run --clickhouse-url https://clickhouse.example:8443 --clickhouse-password-file /etc/tcewatch/password
      stores in a server
  $ tcewatch-collector run --listen-address 0.0.0.0 --intake-token-file /etc/tcewatch/token
      takes batches of agents on other hosts, which must give the token
  $ tcewatch-collector run --config /etc/tcewatch/collector.yaml --log-level debug
      takes all else from a file
`;

export function runCommand(surroundings: Surroundings): Command {
  const command = new Command('run')
    .description('take batches over HTTP, store them in ClickHouse, and tell of fallbacks, until stopped')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      await run(loadCollectorConfig(surroundings.env, givenSettings(command, CONFIG_ROWS)), surroundings);
    });
  return addConfigOptions(command, CONFIG_ROWS, ENV_PREFIX);
}

async function run(config: CollectorConfig, { createLog, env, stdout, stop, version }: Surroundings): Promise<void> {
  const log = createLog(config.log);
  log.debug({ config, version }, 'configuration');
  const telemetry = await startTelemetry({ env, service: 'tcewatch-collector', version, log });
  try {
    const collector = await startCollector(config, log, telemetry).catch((error: unknown) => {
      throw startFailure(error, config);
    });
    stdout.write(`${JSON.stringify({ url: collector.url })}\n`);
    await stopped(stop);
    log.info('stopping');
    await collector.close();
  } finally {
    await telemetry.shutdown();
  }
}

function startFailure(cause: unknown, { listen: { address, port } }: CollectorConfig): unknown {
  const { code, syscall, message } = cause as NodeJS.ErrnoException;
  if (syscall === 'listen' || syscall === 'bind' || code === 'ENOTFOUND') {
    const fix = 'give another listen.address or listen.port';
    return new CommandError(`cannot listen on ${address} port ${port}: ${message}; ${fix}`, { cause });
  }
  return cause;
}
