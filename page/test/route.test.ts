/** Addresses say which view, and what of it, and nothing is lost on the way there and back. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseRoute, runbookHref, toHash, vmHref } from '../src/route.js';

it.each([
  ['', { view: 'fleet', id: '', query: {} }],
  ['#/', { view: 'fleet', id: '', query: {} }],
  ['#/?state=fallback&q=hot', { view: 'fleet', id: '', query: { state: 'fallback', q: 'hot' } }],
  ['#/vms/4b6ad434?range=1h', { view: 'vm', id: '4b6ad434', query: { range: '1h' } }],
  ['#/hosts/a%2Fb', { view: 'host', id: 'a/b', query: {} }],
  ['#/alerts', { view: 'alerts', id: '', query: {} }],
  ['#/vms', { view: 'unknown', id: '', query: {} }],
  ['#/alerts/7', { view: 'unknown', id: '', query: {} }],
  ['#/hosts/%', { view: 'host', id: '%', query: {} }],
])('%s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

it('come back as they were, whatever a host is called and whatever is looked for', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (id, q) => {
      const route = { view: 'host', id, query: { q } } as const;
      expect(parseRoute(toHash(route))).toEqual(route);
    }),
  );
});

it('leave out what is not asked for', () => {
  expect(vmHref('a', { range: '' })).toBe('#/vms/a');
  expect(vmHref('a', { range: '6h' })).toBe('#/vms/a?range=6h');
});

it('of runbooks stay with the collector', () => {
  expect(runbookHref('TceAccelerationLost', 'table-left-kernel')).toBe(
    '/runbooks/TceAccelerationLost#table-left-kernel',
  );
});
