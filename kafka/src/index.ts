/** Kafka for agent and collector. */
export * from './errors.js';
export * from './types.js';
