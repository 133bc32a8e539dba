/** Exports for the demo, the benchmarks and the agent's own programs. */
export * from './batch-builder.js';
export { main } from './cli/program.js';
export { CONFIG_ROWS as agentConfigRows, configSchema as agentSchema } from './config/schema.js';
export { REASONS as EVIDENCE_REASONS } from './evidence/reasons.js';
export { describedMetrics as agentMetrics } from './metrics/registry.js';
export * from './ledger/advance.js';
export * from './ledger/snapshot.js';
export * from './ledger/state.js';
export * from './errors.js';
export * from './model.js';
export * from './ring/decode/index.js';
export * from './sources/entry.js';
export * from './clock.js';
export * from './sources/registry.js';
export { snapshotPath, treePath } from './sources/replay/layout.js';
export { listSnapshots, readTexts, recordedSpan } from './sources/replay/recording.js';
