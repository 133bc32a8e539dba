/** Kafka for agent and collector. Only `kafkajs/` knows the library. */
export * from './connect.js';
export * from './errors.js';
export * from './settings.js';
export * from './types.js';
