/** What the rest of the collector knows of silence. */
export * from './watch.js';
export * from './timer.js';
