/** The dashboards, as Grafana provisions them. */
import { fleet } from './fleet.js';
import type { Dashboard } from './frame.js';
import { host } from './host.js';
import { pipeline } from './pipeline.js';
import { vm } from './vm.js';

/** Dashboards by the name of their file, without its extension. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  fleet: fleet.build(),
  host: host.build(),
  vm: vm.build(),
  pipeline: pipeline.build(),
};

export function dashboardFile(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

export type { Dashboard } from './frame.js';
export { lintDashboard } from './lint.js';
