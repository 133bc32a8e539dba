/** What of the chart is generated; `npm run generate` writes it. */
export * from './values-schema.js';
export * from './values.js';
