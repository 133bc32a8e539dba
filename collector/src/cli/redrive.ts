/** `tcewatch-collector redrive`: sends dead letters back to where they came from. */
import { CommandError, addConfigOptions, givenSettings } from '@tcewatch/common';
import { KafkaError, connect } from '@tcewatch/kafka';
import { Command } from 'commander';
import { CONFIG_ROWS, ENV_PREFIX, loadCollectorConfig } from '../config/index.js';
import { redrive } from '../intake/kafka/redrive.js';
import type { Surroundings } from './surroundings.js';

const ROWS = CONFIG_ROWS.filter(({ path }) => /^(kafka|log)\./.test(path));

const EXAMPLES = `
Examples:
  $ tcewatch-collector redrive --kafka-brokers kafka:9092 --list
      tells what is in the dead-letter topic, and why
  $ tcewatch-collector redrive --kafka-brokers kafka:9092
      sends it back to the topic of the batches; what is refused again comes back
`;

export function redriveCommand(surroundings: Surroundings): Command {
  const command = new Command('redrive')
    .description('send the records of the dead-letter topic back to where they came from')
    .option('--list', 'only tell what there is')
    .addHelpText('after', EXAMPLES)
    .action(async ({ list = false }: { list?: boolean }) => {
      const { env, createLog, stdout, stop } = surroundings;
      const { kafka, log } = loadCollectorConfig(env, givenSettings(command, ROWS));
      if (kafka.brokers.length === 0) throw new CommandError('kafka.brokers is needed: give --kafka-brokers HOST:PORT');
      const client = await connect(kafka, { log: createLog(log) });
      try {
        const letters = await redrive({
          client,
          kafka,
          list,
          tell: ({ from, reason, bytes, message }) => stdout.write(`${from}  ${reason}  ${bytes} bytes  ${message}\n`),
          signal: stop,
        });
        stdout.write(`${letters} dead letters${list ? '' : ' sent back'}\n`);
      } catch (error) {
        if (!(error instanceof KafkaError) && !stop.aborted) throw error;
        const why = error instanceof KafkaError ? error.message : 'it was stopped';
        throw new CommandError(`not all dead letters were sent back: ${why}`, { cause: error });
      } finally {
        await client.close();
      }
    });
  return addConfigOptions(command, ROWS, ENV_PREFIX);
}
