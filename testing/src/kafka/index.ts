/** Real Kafka brokers for tests, on loopback, in a temporary directory. Part of no program. */
export * from './cluster.js';
export * from './jars.js';
export * from './ports.js';
