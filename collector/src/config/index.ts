/** What the rest of the collector knows of its configuration. */
export { policyOf } from './detector.js';
export * from './load.js';
export type { NotifierConfig } from './notifiers.js';
export * from './schema.js';
