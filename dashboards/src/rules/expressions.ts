/** PromQL that several rules share. */

/** The jobs under which the programs are scraped; docs/guides/prometheus.md names them. */
export const AGENT_JOB = 'tcewatch-agent';
export const COLLECTOR_JOB = 'tcewatch-collector';

/**
 * The increase of a counter within ten minutes, where there is one. `increase` alone does not see the first event: programs
 * export a label only once there is something to count, and a series that begins at 1 has never increased. So of a target
 * that was up before, a new series counts as a whole.
 */
export function grown(metric: string, by: readonly string[] = []): string {
  const labels = ['job', 'instance', ...by].join(', ');
  return `sum by (${labels}) (increase(${metric}[10m])) > 0
or
sum by (${labels}) ((${metric} unless ${metric} offset 10m) and on (job, instance) (up offset 10m == 1)) > 0`;
}
