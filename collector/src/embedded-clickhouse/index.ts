/** The embedded ClickHouse: the engine of `chdb` behind ClickHouse's own HTTP interface, in a process of its own. */
export * from './launcher.js';
