/**
 * Everything in the documentation that is generated from the code: one file for each kind of page, and the list of
 * pages in `pages.ts`. `npm run generate` writes them; a test compares each with what is committed.
 */
export * from './chart-readme.js';
export * from './configuration.js';
export * from './fill.js';
export * from './metrics.js';
export * from './pages.js';
