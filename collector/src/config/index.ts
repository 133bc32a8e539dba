/** What the rest of the collector knows of its configuration. */
export { policyOf } from '../alerts/config.js';
export * from './load.js';
export type { NotifierConfig } from '../notifier/registry.js';
export * from './schema.js';
