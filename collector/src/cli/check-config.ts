/** `tcewatch-collector check-config`: says all that is wrong with a configuration, or that nothing is. */
import { Command } from 'commander';
import { ENV_FILE, loadCollectorConfig } from '../config/index.js';
import type { Surroundings } from './surroundings.js';

const EXAMPLES = `
Example:
  $ tcewatch-collector check-config /etc/tcewatch/collector.yaml
      checks the file together with the environment, as \`run --config\` would take them
`;

export function checkConfigCommand({ env, stdout }: Surroundings): Command {
  return new Command('check-config')
    .description('check a configuration file and the environment; print ok or all that is wrong')
    .argument('[file]', `YAML file with settings (${ENV_FILE})`)
    .addHelpText('after', EXAMPLES)
    .action((file?: string) => {
      loadCollectorConfig(env, { file });
      stdout.write('ok\n');
    });
}
