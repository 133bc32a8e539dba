/** Alerts, as the rest of the collector knows them. */
export * from './causes/index.js';
export * from './detector.js';
export { ESTIMATE } from './acceleration/episode.js';
export * from './event.js';
export * from './table.js';
export { createPolicy } from './policy.js';
export type { Exceptions, Maintenance, Override, Policy, Selector } from './policy.js';
export { DEFAULT_RULES } from './rules.js';
export type { Rules } from './rules.js';
