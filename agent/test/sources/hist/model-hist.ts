/**
 * A hist trigger and its table as the kernel keeps them: keys, sums, filter, variables that another trigger of the
 * instance refers to by the same first key, and onmatch() with a synthetic event.
 */
export type Fields = Record<string, bigint>;

interface Row {
  keys: bigint[];
  hitcount: number;
  sums: bigint[];
}

export interface Table {
  keys: string[];
  sums: string[];
  /** Name to expression. */
  variables: [string, string][];
  /** Event that is fired, and its arguments. */
  action: { event: string; synthetic: string; arguments: string[] } | undefined;
  filter: string;
  matches: (fields: Fields) => boolean;
  size: number;
  isPaused: boolean;
  rows: Map<string, Row>;
  hits: number;
  dropped: number;
  /** Variables by first key. */
  kept: Map<bigint, Map<string, bigint>>;
}

const TRIGGER = /^hist:keys=([^: ]+)((?::[^: ]+)*)(?: if (.*))?$/;
const ACTION = /^onmatch\(kvm_hv\.(\w+)\)\.(\w+)\(([^)]*)\)$/;
const U64_MAX = (1n << 64n) - 1n;

/** A trigger as it is written; undefined for what the kernel does not understand. */
export function tableOf(text: string): Table | undefined {
  const [, keys, rest = '', filter = ''] = TRIGGER.exec(text) ?? [];
  if (keys === undefined) return undefined;
  const parts = rest.split(':').slice(1);
  const valued = (name: string) => parts.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  const others = parts.filter((part) => !/^(vals|size|cont)\b/.test(part));
  const action = others.map((part) => ACTION.exec(part)).find((found) => found !== null);
  const variables = others.filter((part) => !ACTION.test(part)).flatMap((part) => part.split(','));
  return {
    keys: keys.split(','),
    sums: valued('vals')?.split(',') ?? [],
    variables: variables.map((variable) => variable.split('=') as [string, string]),
    action: action
      ? { event: action[1] ?? '', synthetic: action[2] ?? '', arguments: (action[3] ?? '').split(',') }
      : undefined,
    filter,
    matches: condition(filter),
    size: Number(valued('size') ?? 2048),
    isPaused: false,
    rows: new Map(),
    hits: 0,
    dropped: 0,
    kept: new Map(),
  };
}

/** Names of the variables of other triggers that this one refers to. */
export function references({ variables, action }: Table): string[] {
  const own = new Set(variables.map(([name]) => name));
  const texts = [...variables.map(([, expression]) => expression), ...(action?.arguments ?? [])];
  return texts
    .flatMap((text) => [...text.matchAll(/\$(\w+)/g)].map(([, name = '']) => name))
    .filter((n) => !own.has(n));
}

/** Counts an event, if the trigger is to; `matched` is the table that it refers to. Returns what its action fires. */
export function count(table: Table, fields: Fields, nowUs: bigint, matched: Table | undefined): Fields[] {
  if (table.isPaused || !table.matches(fields)) return [];
  const keys = table.keys.map((key) => keyOf(key, fields));
  const [first = 0n] = keys;
  const theirs = matched?.kept.get(first);
  // All or nothing, and before anything is counted (resolve_var_refs in kernel/trace/trace_events_hist.c).
  const found = references(table).map((name) => [name, theirs?.get(name)] as const);
  if (found.some(([, value]) => value === undefined)) return [];
  const known = new Map(found as [string, bigint][]);
  for (const [, expression] of table.variables) {
    // Only in an expression is a variable forgotten once it was read.
    if (expression.includes('-$')) theirs?.delete(expression.split('$')[1] ?? '');
  }
  if (!insert(table, keys, fields)) return [];
  for (const [name, expression] of table.variables) known.set(name, evaluate(expression, fields, nowUs, known));
  table.kept.set(first, new Map([...(table.kept.get(first) ?? []), ...known]));
  if (!table.action) return [];
  const values = table.action.arguments.map((text) => evaluate(text, fields, nowUs, known));
  return [Object.fromEntries(values.map((value, i) => [String(i), value]))];
}

function insert(table: Table, keys: bigint[], fields: Fields): boolean {
  let row = table.rows.get(keys.join());
  if (!row) {
    if (table.rows.size >= table.size) {
      table.dropped++;
      return false;
    }
    row = { keys, hitcount: 0, sums: table.sums.map(() => 0n) };
    table.rows.set(keys.join(), row);
  }
  row.hitcount++;
  row.sums = row.sums.map((sum, i) => (sum + (fields[table.sums[i] ?? ''] ?? 0n)) & U64_MAX);
  table.hits++;
  return true;
}

/** `ilog2(roundup_pow_of_two(value))`; of 0 it is what a POWER processor makes of it. */
function keyOf(key: string, fields: Fields): bigint {
  const [name = '', modifier] = key.split('.');
  const value = fields[name] ?? 0n;
  if (modifier !== 'log2') return value;
  return value === 0n ? U64_MAX : BigInt((value - 1n).toString(2).replace(/^0$/, '').length);
}

function evaluate(text: string, fields: Fields, nowUs: bigint, known: ReadonlyMap<string, bigint>): bigint {
  const [left = '', ...others] = text.split('-');
  const value = (operand: string) => {
    if (operand === 'common_timestamp.usecs') return nowUs;
    return (operand.startsWith('$') ? known.get(operand.slice(1)) : fields[operand]) ?? 0n;
  };
  return others.reduce((difference, operand) => difference - value(operand), value(left));
}

/** Conjunctions of disjunctions of comparisons, as the agent writes them. */
function condition(filter: string): Table['matches'] {
  if (filter === '') return () => true;
  const parts = filter.split('&&').map((part) =>
    part
      .replace(/[()]/g, '')
      .split('||')
      .map((comparison) => comparison.split('==') as [string, string]),
  );
  const wanted = parts.map((part) => part.map(([field, value]) => [field, BigInt(value)] as const));
  return (fields) => wanted.every((part) => part.some(([field, value]) => fields[field] === value));
}

/** The file `trigger`, in the kernel's words (event_hist_trigger_print). */
export function echo({ keys, sums, variables, action, size, filter, isPaused }: Table): string {
  const kept = variables.map((variable) => variable.join('=')).join(',');
  const clock = variables.some(([, expression]) => expression.includes('common_timestamp')) ? 'clock=global' : '';
  const fired = action ? `onmatch(kvm_hv.${action.event}).${action.synthetic}(${action.arguments.join(',')})` : '';
  const vals = `vals=${['hitcount', ...sums].join(',')}`;
  const parts = [`keys=${keys.join(',')}`, vals, kept, 'sort=hitcount', `size=${size}`, clock, fired];
  const state = isPaused ? 'paused' : 'active';
  return `hist:${parts.filter((part) => part !== '').join(':')}${filter === '' ? '' : ` if ${filter}`} [${state}]`;
}

/** The file `hist`; `between` is called before each row is printed, and before the totals. */
export function print(table: Table, between: () => void): string {
  const rows = [...table.rows.values()].map(({ keys, ...counts }) => {
    between();
    const named = table.keys.map((key, i) => label(key, keys[i] ?? 0n)).join(', ');
    const sums = table.sums.map((sum, i) => `  ${sum}: ${String(counts.sums[i]).padStart(10)}`).join('');
    return `{ ${named} } hitcount: ${String(counts.hitcount).padStart(10)}${sums}`;
  });
  between();
  const totals = [`Hits: ${table.hits}`, `Entries: ${rows.length}`, `Dropped: ${table.dropped}`];
  const lines = ['# event histogram', '#', `# trigger info: ${echo(table)}`, '#', '', ...rows, '', 'Totals:'];
  return [...lines, ...totals.map((total) => `    ${total}`), ''].join('\n');
}

function label(key: string, value: bigint): string {
  const [name = '', modifier] = key.split('.');
  return modifier === 'log2' ? `${name}: ~ 2^${String(value).padEnd(2)}` : `${name}: ${String(value).padStart(10)}`;
}
