/** Entry of `tcewatch-collector`. */
import { createLog, endProcess, surroundingsOf } from '@tcewatch/common';
import { main } from './cli/program.js';

const surroundings = surroundingsOf(process, new URL('../package.json', import.meta.url));
await endProcess(process, await main(process.argv.slice(2), { ...surroundings, createLog }));
