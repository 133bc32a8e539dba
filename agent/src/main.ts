/** Entry of `tcewatch-agent`. */
import { createLog, endProcess, surroundingsOf } from '@tcewatch/common';
import { main } from './cli/program.js';
import { realPace } from './clock.js';

const surroundings = surroundingsOf(process, new URL('../package.json', import.meta.url));
await endProcess(process, await main(process.argv.slice(2), { ...surroundings, pace: realPace, createLog }));
