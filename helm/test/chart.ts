/** The chart through Helm itself, and what comes out of it. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const CHART = folder('../tcewatch');
const CLUSTER = folder('../cluster/');

/** The values files of `ci`, by their names without `-values.yaml`. */
export const EXAMPLES = readdirSync(`${CHART}/ci`).map((file) => file.replace('-values.yaml', ''));
export const exampleFile = (name: string): string => `${CHART}/ci/${name}-values.yaml`;

/** The fewest values that the chart can be rendered with. */
export const LEAST = {
  intakeToken: { existingSecret: 'tokens' },
  collector: { config: { clickhouse: { url: 'http://clickhouse:8123' } } },
};

/** Whether Helm and a control plane can be built here. */
export const hasGo = /go1\.(2[1-9]|[3-9]\d)/.test(String(spawnSync('go', ['version']).stdout));

let directory: string | undefined;

/** Directory of `cp` (Kubernetes), `helm` and `kwok`, which are built the first time. */
export function tools(): string {
  if (directory === undefined) {
    const { status, stdout, stderr } = spawnSync(`${CLUSTER}fetch.sh`, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`helm/cluster/fetch.sh failed:\n${stderr}`);
    directory = stdout.trim();
  }
  return directory;
}

/** As deep as values go. */
export type Tree = Readonly<Record<string, unknown>>;

export interface Manifest extends Tree {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels: Record<string, string>; annotations?: Record<string, string> };
}

export interface Said {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** `input` is what `-` stands for. */
export function helm(args: readonly string[], { input, env }: { input?: string; env?: NodeJS.ProcessEnv } = {}): Said {
  return spawnSync(`${tools()}/helm`, args, { encoding: 'utf8', input, env: env ?? process.env, maxBuffer: 2 ** 28 });
}

/** `helm template` of the release `r` in the namespace `tce`. */
export function template(values: Tree, ...args: string[]): Said {
  const input = JSON.stringify(values);
  return helm(['template', 'r', CHART, '--namespace', 'tce', '--values', '-', ...args], { input });
}

/** The manifests; throws what Helm says when it refuses. */
export function render(values: Tree, ...args: string[]): Manifest[] {
  const { status, stdout, stderr } = template(values, ...args);
  if (status !== 0) throw new Error(stderr);
  return manifests(stdout);
}

export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The one manifest of a kind, whose name ends so. */
export function only(all: readonly Manifest[], kind: string, suffix = ''): Manifest {
  const found = all.filter((manifest) => manifest.kind === kind && manifest.metadata.name.endsWith(suffix));
  const [first] = found;
  if (!first || found.length > 1) throw new Error(`${found.length} of ${kind} ...${suffix}`);
  return first;
}

/** Value at a path such as `spec.template.spec.containers.0.args`; undefined where there is none. */
export function at(tree: unknown, path: string): unknown {
  return path.split('.').reduce((node, key) => (node as Tree | undefined)?.[key], tree);
}

/** The configuration that a part finds in its ConfigMap. */
export function configOf(all: readonly Manifest[], part: 'agent' | 'collector', suffix: string = part): Tree {
  const data = at(only(all, 'ConfigMap', `-${suffix}`), 'data') as Record<string, string>;
  return parse(data[`${part}.yaml`] ?? '') as Tree;
}

/** Where in a workload its Pod and its container are. */
export const pod = 'spec.template.spec';
export const container = `${pod}.containers.0`;

export const kinds = (all: readonly Manifest[]): string[] =>
  all.map(({ kind, metadata: { name } }) => `${kind} ${name}`);

/** One tree over another, as Helm merges values: lists are replaced. */
export function over(base: Tree, more: Tree): Tree {
  const merged = Object.entries(more).map(([key, value]) => {
    const below = base[key];
    return [key, isTree(below) && isTree(value) ? over(below, value) : value];
  });
  return { ...base, ...(Object.fromEntries(merged) as Tree) };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
