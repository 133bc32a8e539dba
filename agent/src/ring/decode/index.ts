/**
 * Decodes the kernel's ring buffer and pairs the hypercalls in it. Bytes in, cells out; reading them is the source's.
 */
export * from './cells.js';
export * from './error.js';
export * from './events.js';
export * from './format.js';
export * from './header.js';
export * from './latency.js';
export * from './merge.js';
export * from './page.js';
export * from './pair.js';
export * from './stats.js';
