/** `tcewatch-collector migrate`: makes ClickHouse and Kafka ready for the collectors of this version, before they start. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { KafkaError, connect } from '@tcewatch/kafka';
import { Command } from 'commander';
import type { Logger } from 'pino';
import { storeOptions } from '../collector.js';
import { CONFIG_ROWS, ENV_PREFIX, loadCollectorConfig } from '../config/index.js';
import type { CollectorConfig } from '../config/index.js';
import { topicSpecs } from '../intake/kafka/topics.js';
import { openStore } from '../store/index.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
Collectors do the same when they start. Before an upgrade it tells whether they could.

Example:
  $ tcewatch-collector migrate --config /etc/tcewatch/collector.yaml
      creates the database, or brings it up to date; creates the topics that are not there, and looks at the others
`;

export function migrateCommand({ env, createLog, stdout }: Surroundings): Command {
  const command = new Command('migrate')
    .description('bring the schema of ClickHouse up to date, look at the topics of Kafka, and end')
    .addHelpText('after', EXAMPLES)
    .action(async () => {
      // All of the file is taken, since it is the one that `run` is given.
      const config = loadCollectorConfig(env, givenSettings(command, CONFIG_ROWS));
      const log = createLog(config.log);
      stdout.write(`ClickHouse has the database ${await migrateStore(config, log)}\n`);
      if (config.kafka.brokers.length === 0) return;
      stdout.write(`Kafka has the topics ${(await prepareTopics(config, log)).join(', ')}\n`);
    });
  return addConfigOptions(command, CONFIG_ROWS, ENV_PREFIX);
}

async function migrateStore({ clickhouse }: CollectorConfig, log: Logger): Promise<string> {
  if (clickhouse.url === undefined) {
    throw new CommandError('clickhouse.url is needed: the embedded ClickHouse is brought up to date by `run`');
  }
  const store = await openStore({ ...storeOptions(clickhouse), log });
  await store.close();
  return clickhouse.database;
}

async function prepareTopics({ kafka, intake }: CollectorConfig, log: Logger): Promise<string[]> {
  const specs = topicSpecs(kafka, intake.maxBytes);
  const client = await connect(kafka, { log });
  try {
    const problems = await client.admin.ensureTopics(specs, kafka.topics.create);
    if (problems.length === 0) return specs.map(({ name }) => name);
    throw new CommandError(problems.map(({ message, fix }) => `${message}: ${fix}`).join('\n'));
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error;
    throw new CommandError(`the topics cannot be looked at: ${error.message}`, { cause: error });
  } finally {
    await client.close();
  }
}
