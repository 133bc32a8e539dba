/** What the rest of the collector knows of the store. */
export * from './queries.js';
export * from './store.js';
