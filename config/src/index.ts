/** Configuration over one zod schema: file, environment, flags, `--help` and the reference page. Knows no program. */
export * from './commander.js';
export * from './describe.js';
export * from './errors.js';
export * from './load.js';
export * from './reference.js';
export * from './types.js';
