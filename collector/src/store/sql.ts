/** The SQL that the store's questions are made of, for those who ask ClickHouse themselves, as dashboards do. */
export { LATENCIES, READINGS, cumulative, difference, gained } from './select/cumulative.js';
export type { Instants } from './select/cumulative.js';
export { lives, modes } from './select/modes.js';
export { STEP_SOURCES, stepIncreases } from './select/steps.js';
export type { StepIncreases, StepRange, StepSource } from './select/steps.js';
export { vmStates, vmStatesAt } from './select/vm-state.js';
