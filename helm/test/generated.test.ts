import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DEFAULT_RUNBOOKS, GROUPS, ruleFile } from '@tcewatch/dashboards';
import { format, resolveConfig } from 'prettier';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { valuesJsonSchema, valuesSchema } from '../src/index.js';

const chart = (file: string) => fileURLToPath(new URL(`../tcewatch/${file}`, import.meta.url));

// `npx vitest run helm/test/generated.test.ts -u` writes them anew.
describe('the generated files of the chart', () => {
  it('has the schema that the programs and the chart have', async () => {
    const file = chart('values.schema.json');
    const text = await format(JSON.stringify(valuesJsonSchema()), { ...(await resolveConfig(file)), filepath: file });
    await expect(text).toMatchFileSnapshot(file);
  });

  it("has Prometheus' rules", async () => {
    await expect(ruleFile(GROUPS, DEFAULT_RUNBOOKS)).toMatchFileSnapshot(chart('files/prometheus-rules.yaml'));
  });

  it("has Grafana's dashboards", async () => {
    const generated = new URL('../../dashboards/generated/grafana/', import.meta.url);
    for (const file of readdirSync(generated)) {
      const text = readFileSync(new URL(file, generated), 'utf8');
      await expect(text).toMatchFileSnapshot(chart(`files/dashboards/${file}`));
    }
    // None that is gone from there.
    expect(readdirSync(generated)).toEqual(expect.arrayContaining(readdirSync(chart('files/dashboards'))));
  });
});

describe('values.yaml', () => {
  it('has defaults that its own schema takes', () => {
    expect(valuesSchema.safeParse(withoutToken(readFileSync(chart('values.yaml'), 'utf8'))).error).toBe(undefined);
  });
});

/** The chart adds the token that the collector asks for. */
function withoutToken(text: string): object {
  const values = parse(text) as { collector: object };
  return { ...values, collector: { ...values.collector, config: {} } };
}
