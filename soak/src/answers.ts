/** What ClickHouse has, asked of a collector's read API as anybody would. */
import type { Hypercall, Mode, Total } from '@tcewatch/protocol';

export interface FiguresAnswer {
  hypercall: Hypercall;
  modes: { mode: Mode; calls: number | null }[];
  entries: number | null;
}

export interface CountsAnswer {
  host: string;
  life: string;
  vm: string;
  hypercalls: FiguresAnswer[];
}

export interface LiobnAnswer extends FiguresAnswer {
  scope: 'one' | 'all' | 'other';
  liobn: string | null;
}

export interface AccountAnswer {
  host: string;
  counter: 'entered' | 'punted';
  seen: number;
  stored: number;
  lost: number;
}

/** What `tcewatch-agent replay --json` prints. */
export interface ReplayTotals {
  seen: number;
  lost: number;
  punted: { seen: number; lost: number };
  totals: Total[];
}

export interface Stored {
  counts: CountsAnswer[];
  /** LIOBNs by life of a VM. */
  liobns: ReadonlyMap<string, LiobnAnswer[]>;
  accounts: AccountAnswer[];
}

/** Asks for all totals. Rejects with the server's own words when it does not answer 200. */
export async function askStored(url: string): Promise<Stored> {
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(url + path);
    if (!response.ok) throw new Error(`GET ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as T;
  };
  const counts = await get<CountsAnswer[]>('/v1/counts');
  const liobns = new Map<string, LiobnAnswer[]>();
  for (const life of new Set(counts.map((of) => of.life))) {
    liobns.set(life, await get<LiobnAnswer[]>(`/v1/vms/${life}/liobns`));
  }
  return { counts, liobns, accounts: await get<AccountAnswer[]>('/v1/accounts') };
}
