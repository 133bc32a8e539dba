/** What tests and packages use of the rules. */
export * from './rule-file.js';
export * from './grafana/index.js';
export * from './rules/index.js';
