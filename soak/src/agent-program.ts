/**
 * A process: `tcewatch-agent run`, all of it, but for its source, which is a generated load. The first argument is the
 * {@link LoadSpec} as JSON.
 */
import { main, realPace } from '@tcewatch/agent';
import { createLog, surroundingsOf } from '@tcewatch/common';
import { Generated } from './generated.js';
import type { LoadSpec } from './load.js';

const spec = JSON.parse(process.argv[2] ?? '') as LoadSpec;
const surroundings = surroundingsOf(process, new URL('../package.json', import.meta.url));
const source = new Generated(spec, surroundings.version);
process.exitCode = await main(['run'], { ...surroundings, pace: realPace, createLog, source });
