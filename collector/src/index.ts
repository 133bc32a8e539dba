/** Parts that other workspaces use: the whole collector in one process, its tables, and what benchmarks measure. */
export * from './embedded-clickhouse/index.js';
export * from './collector.js';
export * from './config/index.js';
export * from './alerts/index.js';
export { ERRORS } from './errors.js';
export type { ErrorCode } from './errors.js';
export * from './model.js';
export * from './store/index.js';
export * as sql from './store/sql.js';
export { describedMetrics as collectorMetrics } from './metrics/described.js';
export { alertBody, toAlertBody } from './alerts/body.js';
export type { AlertBody } from './alerts/body.js';
