/** What the rest of the collector knows of its configuration. */
export * from './schema.js';
