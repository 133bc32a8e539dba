/** What the rest of the collector knows of silence. */
export * from './silence.js';
export * from './timer.js';
