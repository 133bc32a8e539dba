/** What the rest of the collector, and the benchmarks, know of the store. */
export { ClickHouse } from './client.js';
export type { ClickHouseAddress, ConnectionOptions } from './client.js';
export { DEFAULT_REPLICA_PATH } from './cluster.js';
export type { Cluster } from './cluster.js';
export { encodeReadings } from './encode-readings.js';
export type { ReadingsBlock } from './encode-readings.js';
export * from './queries.js';
export { DEFAULT_RETENTION, KEPT_TABLES } from './retention.js';
export type { KeptTable, Retention, RetentionGroup } from './retention.js';
export { Remembered } from './remembered.js';
export { openStore } from './store.js';
export type { Store, StoreOptions } from './store.js';
export { checkBatch } from './writer.js';
export type { InsertOutcome } from './writer.js';
