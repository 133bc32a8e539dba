/**
 * A kernel for the source `hist`, in memory: instances, hist triggers, synthetic events, and tables that fill up. Between
 * any two things that a reader does, and between the rows that it prints, guests go on calling.
 */
import { HYPERCALLS } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import type { TracefsFiles } from '../../../src/tracefs/tracefs.js';
import { count, echo, print, references, tableOf } from './model-hist.js';
import type { Fields, Table } from './model-hist.js';

/** The tables of an instance, by event. */
type Instance = Map<string, Table>;

/** One hypercall of a thread. */
export interface Call {
  tid: number;
  hypercall: Hypercall;
  liobn: bigint;
  entries: bigint;
  isPunted: boolean;
}

const TRACING = '/sys/kernel/tracing';
const INSTANCES = `${TRACING}/instances`;
const KVM_EVENTS = ['kvm_hcall_enter', 'kvm_hcall_exit', 'kvmppc_run_vcpu_enter'];
/** H_CEDE, which KVM handles. */
const OTHER_HYPERCALL = 0xe0n;

export class ModelKernel implements TracefsFiles {
  /** Calls of the guests between any two reads. */
  meanwhile: () => void = () => undefined;
  readonly #instances = new Map<string, Instance>();
  readonly #inFlight = new Map<number, Call>();
  /** Threads whose call is with userspace. */
  readonly #away = new Set<number>();
  /** Their fields by name. */
  readonly #synthetic = new Map<string, string[]>();
  #nowUs = 0n;
  isLoaded = true;
  /** Whether the kernel was built with synthetic events. */
  hasSynthetic = true;

  /** `root`: below which its tracefs is mounted; `/` is the empty text. */
  constructor(private readonly root = '') {}

  /** A thread enters the kernel, unless it is in it: then it leaves. */
  step(call: Call): Call | undefined {
    const inFlight = this.#inFlight.get(call.tid);
    if (inFlight) {
      this.#inFlight.delete(call.tid);
      const hypercall = BigInt(HYPERCALLS[inFlight.hypercall]);
      const result = inFlight.isPunted ? { ret: 2n, hcall_rc: hypercall } : { ret: 0n, hcall_rc: 0n };
      this.#fire('kvm_hcall_exit', inFlight.tid, result);
      if (inFlight.isPunted) this.#away.add(inFlight.tid);
      return undefined;
    }
    this.#return(call.tid);
    this.#inFlight.set(call.tid, call);
    const req = BigInt(HYPERCALLS[call.hypercall]);
    this.#fire('kvm_hcall_enter', call.tid, { req, gpr4: call.liobn, gpr7: call.entries });
    return call;
  }

  /** A thread makes a hypercall that is none of those that are counted. */
  otherCall(tid: number): void {
    if (this.#inFlight.has(tid)) return;
    this.#return(tid);
    this.#fire('kvm_hcall_enter', tid, { req: OTHER_HYPERCALL, gpr4: 0n, gpr7: 0n });
    this.#fire('kvm_hcall_exit', tid, { ret: 0n, hcall_rc: 0n });
  }

  /** Every thread leaves the kernel, and comes back to it. */
  settle(): void {
    for (const call of [...this.#inFlight.values()]) this.step(call);
    for (const tid of [...this.#away]) this.#return(tid);
  }

  get instances(): string[] {
    return [...this.#instances.keys()].map((path) => path.slice(this.root.length + INSTANCES.length + 1));
  }

  /** Lists the instances whose prefix is followed by the uptime alone. */
  get plainInstances(): string[] {
    return this.instances.filter((name) => /^tcewatch-\d+$/.test(name));
  }

  get syntheticEvents(): string[] {
    return [...this.#synthetic.keys()];
  }

  table(instance: string, event: string): Table | undefined {
    return this.#instances.get(`${this.root}${INSTANCES}/${instance}`)?.get(event);
  }

  /** Removes all triggers of KVM's events, as unloading the module does. */
  unload(): void {
    this.isLoaded = false;
    for (const tables of this.#instances.values()) for (const event of KVM_EVENTS) tables.delete(event);
  }

  #return(tid: number): void {
    if (this.#away.delete(tid)) this.#fire('kvmppc_run_vcpu_enter', tid, {});
  }

  #fire(event: string, tid: number, fields: Fields): void {
    this.#nowUs += BigInt((tid * 7) % 5);
    const all = { ...fields, common_pid: BigInt(tid) };
    for (const tables of this.#instances.values()) {
      const table = tables.get(event);
      if (!table) continue;
      const fired = count(table, all, this.#nowUs, tables.get(table.action?.event ?? ''));
      for (const values of fired) this.#fireSynthetic(table.action?.synthetic ?? '', tid, values);
    }
  }

  #fireSynthetic(event: string, tid: number, values: Fields): void {
    const names = this.#synthetic.get(event) ?? [];
    this.#fire(event, tid, Object.fromEntries(names.map((name, i) => [name, values[i] ?? 0n])));
  }

  access(path: string): Promise<void> {
    this.meanwhile();
    if (path === `${this.root}${INSTANCES}`) return Promise.resolve();
    if (path === this.#syntheticEvents && this.hasSynthetic) return Promise.resolve();
    if (path.startsWith(`${this.root}${TRACING}/events/kvm_hv/`) && this.isLoaded) return Promise.resolve();
    const { tables, event } = this.#find(path);
    return tables && (event === undefined || this.#isThere(event)) ? Promise.resolve() : failure('ENOENT', path);
  }

  list(): Promise<string[]> {
    return Promise.resolve(this.instances);
  }

  read(path: string): Promise<string> {
    this.meanwhile();
    if (path === this.#syntheticEvents && this.hasSynthetic) {
      return Promise.resolve(this.syntheticEvents.map((name) => `${name}\tu64 lat\n`).join(''));
    }
    const { tables, event, file } = this.#find(path);
    if (!tables || !event || !this.#isThere(event)) return failure('ENOENT', path);
    const table = tables.get(event);
    if (!table) return Promise.resolve('');
    return Promise.resolve(file === 'trigger' ? `${echo(table)}\n` : print(table, this.meanwhile));
  }

  append(path: string, text: string): Promise<void> {
    this.meanwhile();
    if (path === this.#syntheticEvents) return this.#appendSynthetic(text);
    const { tables, event } = this.#find(path);
    if (!tables || !event || !this.#isThere(event)) return failure('ENOENT', path);
    if (text === '!hist') {
      tables.delete(event);
      return Promise.resolve();
    }
    const table = tableOf(text);
    const known = tables.get(event);
    if (text.includes(':cont') && known) {
      known.isPaused = false;
      return Promise.resolve();
    }
    if (!table || !this.#isPossible(table, tables)) return failure('EINVAL', path);
    tables.set(event, table);
    return Promise.resolve();
  }

  /** "Couldn't find variable", "Couldn't find synthetic event", "Param count mismatch". */
  #isPossible(table: Table, tables: Instance): boolean {
    const { action } = table;
    const matched = tables.get(action?.event ?? '');
    const variables = new Set(matched?.variables.map(([name]) => name));
    if (!references(table).every((name) => variables.has(name))) return false;
    return !action || this.#synthetic.get(action.synthetic)?.length === action.arguments.length;
  }

  #appendSynthetic(text: string): Promise<void> {
    if (!this.hasSynthetic) return failure('ENOENT', text);
    const [, removed = '', name = '', fields = ''] = /^(!?)(\w+)(?: (.*))?$/.exec(text) ?? [];
    if (removed === '') {
      if (this.#synthetic.has(name)) return failure('EEXIST', text);
      this.#synthetic.set(
        name,
        fields.split(';').map((field) => field.trim().split(' ').at(-1) ?? ''),
      );
      return Promise.resolve();
    }
    if (!this.#synthetic.has(name)) return failure('ENOENT', text);
    const tables = [...this.#instances.values()].flatMap((instance) => [...instance]);
    const isUsed = tables.some(([event, { action }]) => event === name || action?.synthetic === name);
    if (isUsed) return failure('EBUSY', text);
    this.#synthetic.delete(name);
    return Promise.resolve();
  }

  /** Empties a file, but keeps what others refer to (hist_file_check_refs). */
  truncate(path: string): Promise<void> {
    this.meanwhile();
    const { tables, event } = this.#find(path);
    if (!tables || !event || !this.#isThere(event)) return failure('ENOENT', path);
    if (![...tables.values()].some(({ action }) => action?.event === event)) tables.delete(event);
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

  /** An instance in which a trigger has variables is in use (save_hist_vars). */
  remove(directory: string): Promise<void> {
    this.meanwhile();
    const tables = this.#instances.get(directory);
    if (!tables) return failure('ENOENT', directory);
    if ([...tables.values()].some(({ variables }) => variables.length > 0)) return failure('EBUSY', directory);
    this.#instances.delete(directory);
    return Promise.resolve();
  }

  get #syntheticEvents(): string {
    return `${this.root}${TRACING}/synthetic_events`;
  }

  #isThere(event: string): boolean {
    return KVM_EVENTS.includes(event) ? this.isLoaded : this.#synthetic.has(event);
  }

  #find(path: string) {
    const [, directory = '', event, file] =
      /^(.*?instances\/[^/]+)(?:\/events\/(?:kvm_hv|synthetic)\/(\w+)\/(\w+))?/.exec(path) ?? [];
    return { tables: this.#instances.get(directory), event, file };
  }
}

function failure(code: string, path: string): Promise<never> {
  return Promise.reject(Object.assign(new Error(`${code}: ${path}`), { code }));
}
