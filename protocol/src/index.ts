/** The wire format and the vocabulary that agent and collector share. Depends on nothing else of tcewatch. */
export * from './batch.js';
export * from './decode.js';
export * from './encode.js';
export * from './errors.js';
export * from './frames.js';
export * from './ids.js';
export * from './kernel.js';
export * from './latencies.js';
export * from './limits.js';
export * from './modes.js';
export * from './series.js';
export { continueTrace, traceparentOf } from './traceparent.js';
export * from './vm-state.js';
export * from './vocabulary.js';
