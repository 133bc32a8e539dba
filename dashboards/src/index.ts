/** The rules and dashboards, for tests, packages and the chart. */
export * from './rule-file.js';
export * from './grafana/index.js';
export * from './rules/index.js';
