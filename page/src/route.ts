/** Addresses: which view, and what of it, is all in the part of the URL after `#`. Pure but for the hook at the end. */
import { useEffect, useState } from 'preact/hooks';
import type { Alert } from './api/answers.js';

export interface Route {
  view: 'fleet' | 'vm' | 'host' | 'alerts' | 'unknown';
  /** Life of the VM, or id of the host; else empty. */
  id: string;
  /** Filter, order and time range. */
  query: Readonly<Record<string, string>>;
}

/** `#/vms/<life>?range=1h` and the like. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const query = Object.fromEntries(new URLSearchParams(search));
  const [first = '', ...rest] = path.split('/').filter((part) => part !== '');
  const id = decode(rest.join('/'));
  if (first === '') return { view: 'fleet', id: '', query };
  if (first === 'alerts' && id === '') return { view: 'alerts', id: '', query };
  if (first === 'vms' && id !== '') return { view: 'vm', id, query };
  if (first === 'hosts' && id !== '') return { view: 'host', id, query };
  return { view: 'unknown', id: '', query };
}

const PATHS = { fleet: '', vm: 'vms/', host: 'hosts/', alerts: 'alerts', unknown: '' } as const;

/** The inverse; empty values are left out. */
export function toHash({ view, id, query = {} }: Omit<Route, 'query'> & { query?: Route['query'] }): string {
  const given = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(given).toString();
  return `#/${PATHS[view]}${encodeURIComponent(id)}${search === '' ? '' : `?${search}`}`;
}

export const vmHref = (life: string, query: Route['query'] = {}): string => toHash({ view: 'vm', id: life, query });
export const hostHref = (id: string): string => toHash({ view: 'host', id });

/** The VM or the host that an alert is about. */
export function subjectHref({ vm, host }: Alert): string {
  return vm ? vmHref(vm.life) : hostHref(host.id);
}

/** A page that the collector itself serves. */
export function runbookHref(alert: string, cause: string): string {
  return `/runbooks/${encodeURIComponent(alert)}#${encodeURIComponent(cause)}`;
}

/** Takes the place of the current address: going back leads to another view, not to another filter. */
export function replaceQuery(route: Route, changes: Route['query']): void {
  const next = toHash({ ...route, query: { ...route.query, ...changes } });
  history.replaceState(null, '', next);
  dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const onChange = (): void => {
      setRoute(parseRoute(location.hash));
    };
    addEventListener('hashchange', onChange);
    return () => {
      removeEventListener('hashchange', onChange);
    };
  }, []);
  return route;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
