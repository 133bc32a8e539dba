/** What the rest of the collector knows of the detector. */
export * from './causes/index.js';
export * from './detector.js';
export { observe, restoreHost } from './host.js';
export type { HostState } from './host.js';
export { DEFAULT_RULES } from './rules.js';
export type { Rules } from './rules.js';
