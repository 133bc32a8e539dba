/** Frames that Grafana's backend makes of the answers to every query of the dashboards. */
import { hasGo } from '@tcewatch/testing/go-program';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUERIES } from './asked.js';
import type { PanelJson, Query } from './asked.js';
import { askGrafana } from './backend.js';
import type { Field, Frame, Response } from './backend.js';
import { RECORDINGS, fleetOfRecordings, interpolate } from './fleet-of-recordings.js';
import type { Recording, View } from './fleet-of-recordings.js';

/** No recording measures latency. */
const EMPTY = ['vm / Latency', 'vm / Slowest calls'];
/** The dashboard's time zone, which Grafana adds to each query; not that of the data, so that a mix-up shows. */
const TIME_ZONE = 'Asia/Tokyo';

const question = ({ target }: Query, view: View) => ({
  fromMs: view.fromMs,
  toMs: view.toMs,
  intervalMs: view.intervalSeconds * 1000,
  target: { ...target, rawSql: interpolate(target.rawSql, view), meta: { timezone: TIME_ZONE } },
});

describe.skipIf(!hasGo).each(RECORDINGS)('of %s', (recording: Recording) => {
  let fleet: Awaited<ReturnType<typeof fleetOfRecordings>>;
  let view: View;
  let responses: Response[];

  beforeAll(async () => {
    fleet = await fleetOfRecordings();
    view = fleet.viewOf(recording);
    responses = await askGrafana(
      fleet.reader,
      QUERIES.map((query) => question(query, view)),
    );
  });
  afterAll(() => fleet.close());

  const cases = QUERIES.map((query, i) => ({ ...query, i }));
  const answered = cases.filter(({ name }) => !EMPTY.includes(name));
  const ofKind = (...kinds: Query['kind'][]) => answered.filter(({ kind }) => kinds.includes(kind));
  const frameOf = ({ i }: { i: number }): Frame => {
    const [frame, ...others] = responses[i]?.frames ?? [];
    if (!frame || others.length > 0) throw new Error(`not one frame: ${JSON.stringify(responses[i])}`);
    return frame;
  };
  const fieldsOf = (query: { i: number }): Field[] => frameOf(query).schema.fields;

  it.each(cases)('$name is no error', ({ i }) => {
    expect(responses[i]).toMatchObject({ status: 200 });
    expect(responses[i]).not.toHaveProperty('error');
  });

  it.each(answered)('$name has rows, and types that panels know', (query) => {
    expect(frameOf(query).data.values[0]).not.toEqual([]);
    for (const { type } of fieldsOf(query)) expect(['time', 'number', 'string']).toContain(type);
  });

  it.each(ofKind('timeseries'))('$name has the time first, and then numbers with their labels', (query) => {
    const { schema, data } = frameOf(query);
    expect(schema.meta?.type).toBe('timeseries-wide');
    const [time, ...series] = schema.fields;
    expect(time).toMatchObject({ name: 'time', type: 'time' });
    expect(series).not.toEqual([]);
    for (const { type, labels } of series) {
      expect(type).toBe('number');
      expect(Object.keys(labels ?? {})).toEqual(['label']);
      expect(labels?.['label']).toMatch(/^[\w.-]+( [\w.-]+)*$/);
    }
    const times = data.values[0] as number[];
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    const step = view.intervalSeconds * 1000;
    expect(times.filter((at) => at <= view.fromMs - Math.max(step, 600_000) || at > view.toMs)).toEqual([]);
  });

  it.each(ofKind('stat'))('$name has one number for each word', (query) => {
    const { schema, data } = frameOf(query);
    expect(schema.fields.map(({ type }) => type)).toEqual(schema.fields.map(() => 'number'));
    expect(data.values.map(({ length }) => length)).toEqual(schema.fields.map(() => 1));
  });

  it.each(ofKind('table', 'stat', 'timeseries'))('$name has the fields that its panel names', (query) => {
    const { panel } = query;
    const fields = fieldsOf(query);
    const shown = fields.map(({ name, labels }) => labels?.['label'] ?? name);
    for (const { id, options } of overridden(panel)) {
      const named = fields.filter(({ type }, i) => isMatch(id, options, { name: shown[i] ?? '', type }));
      expect(named, `${id} ${options}`).not.toEqual([]);
    }
    const linked = [...JSON.stringify(panel?.fieldConfig).matchAll(/__data\.fields(?:\.(\w+)|\[\\+"([^"\\]+)\\+"\])/g)];
    for (const [, plain, quoted] of linked) expect(shown).toContain(plain ?? quoted);
    if (query.kind === 'timeseries') expect(panel?.fieldConfig.defaults.displayName).toBe('${__field.labels.label}');
  });

  it.each(ofKind('table'))('$name has numbers where its panel has a unit', (query) => {
    const { panel } = query;
    const withUnit = (panel?.fieldConfig.overrides ?? [])
      .filter(({ properties }) => properties.some(({ id, value }) => id === 'unit' && value !== 'string'))
      .map(({ matcher }) => matcher.options);
    const fields = fieldsOf(query);
    const types = withUnit.map((unit) => fields.find(({ name }) => name === unit)?.type);
    expect(types).toEqual(withUnit.map(() => 'number'));
  });

  it.each(ofKind('variable'))('$name has a value, and then the text that is shown for it', (query) => {
    expect(fieldsOf(query).map(({ name, type }) => [name, type])).toEqual([
      ['value', 'string'],
      ['text', 'string'],
    ]);
  });

  it.each(ofKind('annotation'))('$name has the fields of events', (query) => {
    expect(fieldsOf(query).map(({ name, type }) => [name, type])).toEqual([
      ['time', 'time'],
      ['title', 'string'],
      ['text', 'string'],
      ['tags', 'string'],
    ]);
  });
});

function overridden(panel: PanelJson | undefined): { id: string; options: string }[] {
  return (panel?.fieldConfig.overrides ?? []).map(({ matcher }) => matcher);
}

/** As Grafana's matchers of the same ids: a pattern without slashes is one of the whole name. */
function isMatch(id: string, options: string, { name, type }: { name: string; type: string }): boolean {
  if (id === 'byName') return name === options;
  if (id === 'byType') return type === options;
  const [, pattern = `^${options}$`] = /^\/(.*)\/$/.exec(options) ?? [];
  return new RegExp(pattern).test(name);
}
