/** Entry of `tcewatch-collector`: gives the commands this process' surroundings. The second signal ends it at once. */
import { readFileSync } from 'node:fs';
import { main } from './cli/program.js';
import { createLog } from './log.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(1);
    stopping.abort();
  });
}

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stop: stopping.signal,
  version,
  createLog,
});
