/** The broker's jars, which `broker/fetch.sh` fetches by Maven and keeps. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The directory where pom.xml, the logging configuration and the script are. */
export const BROKER_FILES = fileURLToPath(new URL('../../broker/', import.meta.url));

/** What is not installed of what a broker needs, for instance `java`; empty when one can be started. */
export function missingForBroker(): string[] {
  const probes = [
    ['java', '-version'],
    ['mvn', '-v'],
    ['openssl', 'version'],
    ['setpriv', '--version'],
  ] as const;
  return probes.filter(([command, flag]) => spawnSync(command, [flag]).status !== 0).map(([command]) => command);
}

/** Directory of the jars. */
export async function brokerJars(): Promise<string> {
  const { stdout } = await promisify(execFile)(`${BROKER_FILES}fetch.sh`);
  return stdout.trim();
}
