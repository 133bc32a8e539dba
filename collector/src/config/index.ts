/** Configuration, as the rest of the collector knows it. */
export { policyOf } from '../alerts/config.js';
export * from './load.js';
export type { NotifierConfig } from '../notifier/registry.js';
export * from './schema.js';
