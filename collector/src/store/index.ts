/** Store, as the rest of the collector and the benchmarks know it. */
export { ClickHouse } from './client.js';
export type { ClickHouseAddress, ConnectionOptions } from './client.js';
export { DEFAULT_REPLICA_PATH } from './schema/cluster.js';
export type { Cluster } from './schema/cluster.js';
export { encodeReadings } from './encode/readings.js';
export type { ReadingsBlock } from './encode/readings.js';
export * from './types.js';
export { DEFAULT_RETENTION, KEPT_TABLES } from './schema/retention.js';
export type { KeptTable, Retention, RetentionGroup } from './schema/retention.js';
export { ChangeFilter } from './encode/change-filter.js';
export { openStore } from './store.js';
export type { Store, StoreOptions } from './store.js';
export { checkBatch } from './writer.js';
export type { InsertOutcome } from './writer.js';
