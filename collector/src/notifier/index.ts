/** What the rest of the collector knows of the notifiers. */
export * from './dispatcher.js';
export * from './registry.js';
