/** The collector's read API as the demo uses it: every figure that is shown was asked of ClickHouse through it. */
import type { Hypercall, ModeFigure } from '@tcewatch/protocol';

export interface CountsAnswer {
  vm: string;
  hypercalls: { hypercall: Hypercall; modes: ModeFigure[]; entries: number | null }[];
}

export interface AccountAnswer {
  counter: 'entered' | 'punted';
  seen: number;
  stored: number;
  lost: number;
}

export interface AlertAnswer {
  alert: string;
  severity: 'warning' | 'critical';
  state: 'firing' | 'resolved';
  revision: number;
  host: { name: string };
  /** Null for an alert about a host. */
  vm: { name: string } | null;
  firedAt: string;
  resolvedAt: string | null;
  cause: { code: string; confidence: string; summary: string; advice: string };
  evidence: {
    facts: string[];
    calls: { entered: number; punted: number } | null;
    before: DescriptorsAnswer | null;
    after: DescriptorsAnswer | null;
  };
}

export interface DescriptorsAnswer {
  observedAt: string;
  tceTables: number;
  vfioGroups: number[];
}

export interface HostAnswer {
  name: string;
  kernel: string;
  cpu: string;
  /** ISO 8601: when the newest reading that is stored was taken, on the host's own clock. */
  readAt: string;
}

export interface Api {
  hosts(): Promise<HostAnswer[]>;
  counts(): Promise<CountsAnswer[]>;
  accounts(): Promise<AccountAnswer[]>;
  alerts(): Promise<AlertAnswer[]>;
}

/** Rejects with the server's own words when it does not answer 200. */
export function connect(url: string): Api {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(url + path);
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  return {
    hosts: () => get('/v1/hosts'),
    counts: () => get('/v1/counts'),
    accounts: () => get('/v1/accounts'),
    alerts: () => get('/v1/alerts'),
  };
}
