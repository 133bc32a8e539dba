/** Loads a configuration: YAML file, environment, flags, in rising precedence, checked by one schema. */
import { readFileSync } from 'node:fs';
import { closestMatch } from 'leven';
import { parse, parseDocument } from 'yaml';
import { z } from 'zod';
import { describeConfig } from './describe.js';
import type { ConfigRow } from './describe.js';
import { keysAt } from './walk.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What was given on the command line. */
export interface GivenSettings {
  /** Path of the YAML file; without it the environment may name one, or there is none. */
  file?: string | undefined;
  /** Path of a setting to its text, as `givenSettings` takes them from commander. */
  flags?: Readonly<Record<string, string>>;
}

export interface ConfigInput<S extends z.ZodType> extends GivenSettings {
  /**
   * A strict object all through, so that unknown keys are refused; see `types.ts` for durations, secrets and others.
   */
  schema: S;
  env?: Environment;
  /** Prefix of the environment's names, `TCEWATCH_AGENT`. Names that start with it and mean no setting are refused. */
  prefix: string;
}

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  /** Path of the setting, for instance `listen.port`; empty when the whole file is meant. */
  path: string;
  /** The place where it was given: the file, the environment variable, the flag, or that it was not given at all. */
  source: string;
  /** What is wrong and what to do. */
  message: string;
}

/** Thrown when the configuration cannot be used; the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, source, message }) => `${path && `${path}: `}${message} (${source})`).join('\n'));
  }
}

/** Names the variable that gives the file where no flag does; the one name with the prefix that is no setting. */
export function fileVariable(prefix: string): string {
  return `${prefix}_CONFIG`;
}

type Tree = Record<string, unknown>;

/** Loads and checks a configuration. Throws ConfigError with all that is wrong. */
export function loadConfig<S extends z.ZodType>(given: ConfigInput<S>): z.output<S> {
  const input = { ...given, file: given.file ?? given.env?.[fileVariable(given.prefix)] };
  const rows = describeConfig(input.schema, input.prefix);
  const tree = readTree(input.file);
  const sources = new Map<string, string>();
  const problems = unknownEnv(input, rows);
  for (const row of rows) {
    const text = row.env && input.env?.[row.env];
    if (text) give(row, text, `environment variable ${row.env}`);
  }
  for (const [path, text] of Object.entries(input.flags ?? {})) {
    const row = rows.find((known) => known.path === path);
    if (!row?.flag) throw new RangeError(`no flag is called ${path}`);
    give(row, text, row.flag);
  }
  function give(row: ConfigRow, text: string, source: string): void {
    setAt(tree, row.path.split('.'), typed(row, text));
    sources.set(row.path.replace(/\.file$/, ''), source);
  }

  const result = input.schema.safeParse(tree);
  if (result.success && problems.length === 0) return result.data;
  for (const issue of result.error?.issues ?? []) problems.push(...problemsOf(issue, input, tree, sources));
  throw new ConfigError(problems);
}

function readTree(file: string | undefined): Tree {
  if (file === undefined) return {};
  const problem = (message: string) => new ConfigError([{ path: '', source: file, message }]);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw problem(`cannot be read: ${(error as Error).message}`);
  }
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) throw problem(`is no YAML: ${error.message}`);
  const tree: unknown = document.toJS() ?? {};
  if (!isTree(tree)) throw problem('must hold settings as `name: value`');
  return tree;
}

/** A text that the setting does not take as it is may be a number, a truth value or a list, written as in YAML. */
function typed(row: ConfigRow, text: string): unknown {
  if (z.safeParse(row.schema, text).success) return text;
  try {
    return parse(text);
  } catch {
    return text;
  }
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  let at = tree;
  for (const step of path.slice(0, -1)) {
    const next = at[step];
    const inner: Tree = isTree(next) ? next : {};
    at[step] = inner;
    at = inner;
  }
  at[path.at(-1) ?? ''] = value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Kubernetes puts the addresses of services into the environment, and a service may be called like the prefix. */
function isServiceLink(name: string, value = ''): boolean {
  return /_SERVICE_(HOST|PORT)(_|$)|_PORT_\d+_(TCP|UDP|SCTP)/.test(name) || /^(tcp|udp|sctp):\/\//.test(value);
}

function unknownEnv(input: ConfigInput<z.ZodType>, rows: readonly ConfigRow[]): ConfigProblem[] {
  const known = [...rows.flatMap((row) => row.env ?? []), fileVariable(input.prefix)];
  return Object.entries(input.env ?? {})
    .filter(([name]) => name.startsWith(`${input.prefix}_`) && !known.includes(name))
    .filter(([name, value]) => !isServiceLink(name, value))
    .map(([name]) => ({ path: name, source: 'environment', message: `is no setting${didYouMean(name, known)}` }));
}

function problemsOf(
  issue: z.core.$ZodIssue,
  input: ConfigInput<z.ZodType>,
  tree: Tree,
  sources: ReadonlyMap<string, string>,
): ConfigProblem[] {
  const path = pathText(issue.path);
  const given = issue.path.reduce<unknown>((at, step) => (at as Tree | undefined)?.[String(step)], tree) !== undefined;
  const source = sources.get(path) ?? (given ? (input.file ?? 'default') : 'not given');
  if (issue.code !== 'unrecognized_keys') return [{ path, source, message: issue.message }];
  const known = keysAt(input.schema, issue.path);
  return issue.keys.map((key) => ({
    path: pathText([...issue.path, key]),
    source: input.file ?? source,
    message: `is no setting${didYouMean(key, known)}`,
  }));
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`))
    .join('')
    .replace(/^\./, '');
}

function didYouMean(name: string, known: readonly string[]): string {
  const nearest = closestMatch(name, [...known], { maxDistance: Math.max(2, Math.ceil(name.length / 3)) });
  return nearest === undefined ? '' : `; did you mean ${nearest}?`;
}
