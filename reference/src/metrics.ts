/** The reference page of all metrics, docs/reference/metrics.md, from the registries of both programs. */
import { agentMetrics } from '@tcewatch/agent';
import { collectorMetrics } from '@tcewatch/collector';
import type { Registry } from 'prom-client';

/** One metric, as its program describes it. */
export interface MetricRow {
  name: string;
  type: string;
  help: string;
  labels: readonly string[];
}

/** Metrics of prom-client itself, the same in every Node.js program. */
const OF_THE_PROCESS = /^(process|nodejs)_/;

/** Lists the metrics of a registry without those of the process. */
export function metricRows(registry: Registry): MetricRow[] {
  return registry
    .getMetricsAsArray()
    .filter(({ name }) => !OF_THE_PROCESS.test(name))
    .map((metric) => {
      // Each metric has them, and prom-client's types do not say so.
      const { labelNames } = metric as unknown as { labelNames: readonly string[] };
      return { name: metric.name, type: String(metric.type), help: metric.help, labels: labelNames };
    });
}

/** Lists the metrics of each program. */
export function programMetrics(): Record<'agent' | 'collector', MetricRow[]> {
  return { agent: metricRows(agentMetrics()), collector: metricRows(collectorMetrics()) };
}

const INTRODUCTION = `Both programs serve their metrics at \`GET /metrics\`: the agent on port 9914, the collector on port 9915
([the guide](../guides/prometheus.md) has the scrape configuration and the rules). A figure that nobody can observe has no sample, never a 0. Beside
these there are the process metrics of prom-client (\`process_*\`, \`nodejs_*\`). This page is generated from the registries of both programs.`;

export function metricsPage(): string {
  const { agent, collector } = programMetrics();
  return `# Metrics\n\n${INTRODUCTION}\n\n## The agent\n\n${table(agent)}\n\n## The collector\n\n${table(collector)}\n`;
}

function table(rows: readonly MetricRow[]): string {
  const lines = rows.map(({ name, type, labels, help }) => {
    const selector = labels.length > 0 ? `{${labels.join(',')}}` : '';
    return `| \`${name}${selector}\` | ${type} | ${help} |`;
  });
  return ['| metric | type | what |', '| --- | --- | --- |', ...lines].join('\n');
}
