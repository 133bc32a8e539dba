/**
 * Traces and metrics of our own programs by OTLP; off, and nothing of the SDK loaded, until the environment asks for
 * it.
 */
export { startTelemetry } from './start.js';
export * from './telemetry.js';
