import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadCollectorConfig } from '../../src/config/index.js';
import { createNotifiers, notifiers } from '../../src/notifier/registry.js';

const of = (text: string) => loadCollectorConfig({ TCEWATCH_COLLECTOR_NOTIFIERS: text }).notifiers;

describe('the kinds of notifiers', () => {
  it('have their addresses in url or urls, where the chart looks for ports to open', () => {
    const found = new Set<string>();
    const walk = (schema: unknown, property: string): void => {
      if (typeof schema !== 'object' || schema === null) return;
      if ('kind' in schema && schema.kind === 'URL') found.add(property);
      for (const [key, inner] of Object.entries(schema)) walk(inner, key === 'items' ? property : key);
    };
    walk(z.toJSONSchema(notifiers, { io: 'input', unrepresentable: 'any' }), '');
    expect([...found].sort()).toEqual(['url', 'urls']);
  });

  it.each([
    ['[{"type": "log"}]', ['log']],
    ['[{"type": "webhook", "url": "http://a.example"}]', ['webhook']],
    [
      '[{"type": "alertmanager", "name": "am", "urls": ["http://a.example:9093", "http://b.example"]}]',
      ['am@a.example:9093', 'am@b.example'],
    ],
  ])('make notifiers with the names by which they are recorded: %s', (text, names) => {
    const created = of(text).flatMap((one) => createNotifiers(one, { links: {}, log: pino({ level: 'silent' }) }));
    expect(created.map(({ name }) => name)).toEqual(names);
  });

  it('refuse two receivers with one name', () => {
    const twice = '[{"type": "webhook", "url": "http://a.example"}, {"type": "webhook", "url": "http://b.example"}]';
    expect(() => of(twice)).toThrow('two are called webhook');
  });
});
