/**
 * What the programs have in common on the command line: configuration over one zod schema (file, environment, flags,
 * `--help`), commands, exit status, log; and HTTP POST with the certificates of its settings. Knows no
 * program.
 */
export * from './command-line.js';
export * from './describe.js';
export type * from './error-code.js';
export * from './group-by.js';
export * from './load.js';
export * from './log.js';
export * from './post.js';
export * from './program.js';
export * from './tls.js';
export * from './types.js';
