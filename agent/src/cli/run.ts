/** `tcewatch-agent run`: reads the host until it is stopped, delivers, and serves metrics and health. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/config';
import { Command } from 'commander';
import type { FastifyInstance } from 'fastify';
import { CONFIG_ROWS, loadAgentConfig } from '../config/load.js';
import { ENV_PREFIX } from '../config/schema.js';
import type { AgentConfig } from '../config/schema.js';
import { createAgent } from '../run/agent.js';
import { drained } from '../run/drained.js';
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
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      await run(loadAgentConfig(surroundings.env, givenSettings(command, CONFIG_ROWS)), surroundings);
    });
  return addConfigOptions(command, CONFIG_ROWS, ENV_PREFIX);
}

async function run(config: AgentConfig, { createLog, pace, version, stop }: Surroundings): Promise<void> {
  const log = createLog(config.log);
  log.debug({ config }, 'configuration');
  const { loop, transport, server } = createAgent({ config, version, pace, log });
  try {
    if (config.listen.enabled) log.info(`listening on ${await listen(server, config.listen)}`);
    log.info({ version, transport: transport.name }, 'started');
    await loop.run(stop);
    log.info('stopping');
    const left = await drained(transport, AbortSignal.timeout(config.stopTimeout));
    if (left > 0) log.warn(`stopped with ${left} batches not delivered; the kernel still counts what they hold`);
  } finally {
    await transport.close();
    await server.close();
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
