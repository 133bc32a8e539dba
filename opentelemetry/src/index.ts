/** Traces and metrics of our own programs by OTLP; off, and nothing of the SDK loaded, until the environment asks for it. */
export * from './in-spans.js';
export * from './start.js';
export * from './telemetry.js';
