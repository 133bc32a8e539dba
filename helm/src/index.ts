/** The chart's values, for the generated schema and the tests. */
export * from './values-schema.js';
