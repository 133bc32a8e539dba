/** `tcewatch-agent run`: reads the host until it is stopped, delivers, and serves metrics and health. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { startTelemetry } from '@tcewatch/opentelemetry';
import { Command, Option } from 'commander';
import type { FastifyInstance } from 'fastify';
import { CONFIG_ROWS, loadAgentConfig, ENV_PREFIX } from '../config/schema.js';
import type { AgentConfig } from '../config/schema.js';
import { createAgent } from '../agent.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
Examples:
  $ tcewatch-agent run
      counts on this host and serves the figures on http://127.0.0.1:9914/metrics
  $ TCEWATCH_AGENT_COLLECTOR_TOKEN_FILE=/etc/tcewatch/token tcewatch-agent run --collector-url https://collector.example:8443
      delivers every reading to a collector as well
  $ tcewatch-agent run --config /etc/tcewatch/agent.yaml --interval 5s
      takes all else from a file
`;

export function runCommand(surroundings: Surroundings): Command {
  const command = new Command('run')
    .description('count on this host until stopped; deliver to a collector and serve metrics')
    .addOption(new Option('--detail', 'the same as --hist-detail true').implies({ histDetail: 'true' }))
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      await run(loadAgentConfig(surroundings.env, givenSettings(command, CONFIG_ROWS)), surroundings);
    });
  return addConfigOptions(command, CONFIG_ROWS, ENV_PREFIX);
}

async function run(config: AgentConfig, { createLog, env, pace, version, stop, source }: Surroundings): Promise<void> {
  const log = createLog(config.log);
  log.debug({ config }, 'configuration');
  const telemetry = await startTelemetry({ env, service: 'tcewatch-agent', version, log });
  const { loop, outbox, server } = createAgent({ config, version, pace, log, telemetry, source });
  try {
    if (config.listen.enabled) log.info(`listening on ${await listen(server, config.listen)}`);
    log.info({ version, transport: outbox.name }, 'started');
    await loop.run(stop);
    log.info('stopping');
    // What is left when the time is over is reported below.
    await outbox.drain(AbortSignal.timeout(config.stopTimeout)).catch(() => undefined);
    const { queuedBatches: left = 0, heldBatches: held = 0 } = outbox.stats ?? {};
    if (left > held) log.info(`${left - held} batches are not delivered; they wait on disk for the next start`);
    if (held > 0) log.warn(`${held} batches are neither delivered nor on disk; the kernel still counts what they hold`);
  } finally {
    await outbox.close();
    await server.close();
    await telemetry.shutdown();
  }
}

async function listen(server: FastifyInstance, { address, port }: AgentConfig['listen']): Promise<string> {
  try {
    return await server.listen({ host: address, port });
  } catch (error) {
    const fix = 'give another listen.address or listen.port, or listen.enabled: false';
    throw new CommandError(`cannot listen on ${address} port ${port}: ${(error as Error).message}; ${fix}`);
  }
}
