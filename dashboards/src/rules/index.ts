/** All rules. Adding a group is adding a file and a line here. */
import { agent } from './agent.js';
import { collector } from './collector.js';
import { hypercalls } from './hypercalls.js';
import { kafka } from './kafka.js';
import type { Group } from './types.js';

export const GROUPS: readonly Group[] = [hypercalls, agent, collector, kafka];
export * from './alerts.js';
export * from './types.js';
