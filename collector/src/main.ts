/** Entry of `tcewatch-collector`. */
import { surroundingsOf } from '@tcewatch/config';
import { main } from './cli/program.js';
import { createLog } from './log.js';

const surroundings = surroundingsOf(process, new URL('../package.json', import.meta.url));
process.exitCode = await main(process.argv.slice(2), { ...surroundings, createLog });
