/** Notifiers, as the rest of the collector knows them. */
export * from './dispatcher.js';
export * from './labels.js';
export * from './links.js';
export type { NotifyOutcome } from './queue.js';
export * from './records.js';
export * from './registry.js';
