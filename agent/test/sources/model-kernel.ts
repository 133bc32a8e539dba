/**
 * A kernel for the source `hist`, in memory: instances, hist triggers and tables that fill up. Between any two things that
 * a reader does, and between the rows that it prints, guests go on calling.
 */
import { HYPERCALLS } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import type { TracefsFiles } from '../../src/sources/tracefs-files.js';

type Event = 'kvm_hcall_enter' | 'kvm_hcall_exit';
type Fields = Record<string, bigint>;

interface Table {
  keys: string[];
  sums: string[];
  filter: string;
  size: number;
  isPaused: boolean;
  rows: Map<string, { keys: bigint[]; hitcount: number; sums: bigint[] }>;
  hits: number;
  dropped: number;
}

/** One hypercall of a thread. */
export interface Call {
  tid: number;
  hypercall: Hypercall;
  liobn: bigint;
  entries: bigint;
  isPunted: boolean;
}

const INSTANCES = '/sys/kernel/tracing/instances';

export class ModelKernel implements TracefsFiles {
  /** What the guests do whenever somebody looks away. */
  meanwhile: () => void = () => undefined;
  readonly #instances = new Map<string, Map<Event, Table>>();
  readonly #inFlight = new Map<number, Call>();
  isLoaded = true;

  /** `root`: below which its tracefs is mounted; `/` is the empty text. */
  constructor(private readonly root = '') {}

  /** A thread enters the kernel, unless it is in it: then it leaves. */
  step(call: Call): Call | undefined {
    const inFlight = this.#inFlight.get(call.tid);
    if (inFlight) {
      this.#inFlight.delete(call.tid);
      const ret = inFlight.isPunted ? 2n : 0n;
      this.#fire('kvm_hcall_exit', inFlight.tid, { hcall_rc: BigInt(HYPERCALLS[inFlight.hypercall]), ret });
      return undefined;
    }
    this.#inFlight.set(call.tid, call);
    const req = BigInt(HYPERCALLS[call.hypercall]);
    this.#fire('kvm_hcall_enter', call.tid, { req, gpr4: call.liobn, gpr7: call.entries });
    return call;
  }

  /** Every thread leaves the kernel. */
  settle(): void {
    for (const call of [...this.#inFlight.values()]) this.step(call);
  }

  get instances(): string[] {
    return [...this.#instances.keys()].map((path) => path.slice(this.root.length + INSTANCES.length + 1));
  }

  table(instance: string, event: Event): Table | undefined {
    return this.#instances.get(`${this.root}${INSTANCES}/${instance}`)?.get(event);
  }

  /** Removes all triggers, as unloading the module does. */
  unload(): void {
    this.isLoaded = false;
    for (const tables of this.#instances.values()) tables.clear();
  }

  #fire(event: Event, tid: number, fields: Fields): void {
    for (const tables of this.#instances.values()) {
      const table = tables.get(event);
      if (table && !table.isPaused && (event === 'kvm_hcall_enter' || fields['ret'] === 2n)) count(table, tid, fields);
    }
  }

  access(path: string): Promise<void> {
    this.meanwhile();
    if (path === `${this.root}${INSTANCES}`) return Promise.resolve();
    if (path.startsWith(`${this.root}/sys/kernel/tracing/events/kvm_hv/`) && this.isLoaded) return Promise.resolve();
    const { tables, event } = this.#find(path);
    return tables && (event === undefined || this.isLoaded) ? Promise.resolve() : missing(path);
  }

  list(): Promise<string[]> {
    return Promise.resolve(this.instances);
  }

  read(path: string): Promise<string> {
    this.meanwhile();
    const { tables, event, file } = this.#find(path);
    if (!tables || !event || !this.isLoaded) return missing(path);
    const table = tables.get(event);
    if (!table) return Promise.resolve('');
    return Promise.resolve(file === 'trigger' ? `${echo(table)}\n` : this.#print(table));
  }

  append(path: string, text: string): Promise<void> {
    this.meanwhile();
    const { tables, event } = this.#find(path);
    if (!tables || !event || !this.isLoaded) return missing(path);
    if (text === '!hist') {
      tables.delete(event);
      return Promise.resolve();
    }
    const [, keys = '', vals = '', options = '', filter = ''] =
      /^hist:keys=([^: ]+)(?::vals=([^: ]+))?(\S*) if (.*)$/.exec(text) ?? [];
    const known = tables.get(event);
    if (options === ':cont' && known) {
      known.isPaused = false;
      return Promise.resolve();
    }
    const size = Number(/:size=(\d+)/.exec(options)?.[1]);
    const sums = vals === '' ? [] : vals.split(',');
    const table = { keys: keys.split(','), sums, filter, size, isPaused: false, rows: new Map(), hits: 0, dropped: 0 };
    tables.set(event, table);
    return Promise.resolve();
  }

  hold(): Promise<{ close(): Promise<void> }> {
    return Promise.resolve({ close: () => Promise.resolve() });
  }

  make(directory: string): Promise<void> {
    this.meanwhile();
    this.#instances.set(directory, new Map());
    return Promise.resolve();
  }

  remove(directory: string): Promise<void> {
    this.meanwhile();
    return this.#instances.delete(directory) ? Promise.resolve() : missing(directory);
  }

  #find(path: string) {
    const [, directory = '', event, file] =
      /^(.*?instances\/[^/]+)(?:\/events\/kvm_hv\/(\w+)\/(\w+))?/.exec(path) ?? [];
    return { tables: this.#instances.get(directory), event: event as Event | undefined, file };
  }

  #print(table: Table): string {
    const rows = [...table.rows.values()].map(({ keys, ...counts }) => {
      this.meanwhile();
      const named = table.keys.map((key, i) => `${key}: ${String(keys[i]).padStart(10)}`).join(', ');
      const sums = table.sums.map((sum, i) => `  ${sum}: ${String(counts.sums[i]).padStart(10)}`).join('');
      return `{ ${named} } hitcount: ${String(counts.hitcount).padStart(10)}${sums}`;
    });
    this.meanwhile();
    const totals = [`Hits: ${table.hits}`, `Entries: ${rows.length}`, `Dropped: ${table.dropped}`];
    const lines = ['# event histogram', '#', `# trigger info: ${echo(table)}`, '#', '', ...rows, '', 'Totals:'];
    return [...lines, ...totals.map((total) => `    ${total}`), ''].join('\n');
  }
}

function count(table: Table, tid: number, fields: Fields): void {
  const keys = table.keys.map((key) => (key === 'common_pid' ? BigInt(tid) : (fields[key] ?? 0n)));
  let row = table.rows.get(keys.join());
  if (!row) {
    if (table.rows.size >= table.size) {
      table.dropped++;
      return;
    }
    row = { keys, hitcount: 0, sums: table.sums.map(() => 0n) };
    table.rows.set(keys.join(), row);
  }
  row.hitcount++;
  row.sums = row.sums.map((sum, i) => BigInt.asUintN(64, sum + (fields[table.sums[i] ?? ''] ?? 0n)));
  table.hits++;
}

function echo({ keys, sums, size, filter, isPaused }: Table): string {
  const vals = ['hitcount', ...sums].join(',');
  const state = isPaused ? 'paused' : 'active';
  return `hist:keys=${keys.join(',')}:vals=${vals}:sort=hitcount:size=${size} if ${filter} [${state}]`;
}

function missing(path: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' }));
}
