/** The chart's README, whose table is made from the comments of `values.yaml` that begin with `-- `. */
import { isMap, isScalar, parseDocument } from 'yaml';
import type { Node, Pair } from 'yaml';

export interface ValueRow {
  /** `agent.image.tag` */
  path: string;
  fallback: unknown;
  description: string;
}

const INTRODUCTION = `# The Helm chart of tcewatch

Agents on the KVM hosts of a POWER fleet, and collectors. How to install it:
[docs/guides/install-helm.md](../../docs/guides/install-helm.md). Examples, each of them tested: [ci](ci).

\`agent.config\` and \`collector.config\` are the programs' own configurations:
[the agent's](../../docs/reference/agent-configuration.md) and
[the collector's](../../docs/reference/collector-configuration.md).

## Values

This table is generated from \`values.yaml\`. A value that is not there, or mistyped, is refused by its name.`;

export function chartReadme(valuesYaml: string): string {
  const rows = valueRows(valuesYaml).map(
    ({ path, fallback, description }) => `| \`${path}\` | ${cell(fallback)} | ${description.replaceAll('|', '\\|')} |`,
  );
  return [INTRODUCTION, '', '| value | default | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

/** Gives a row for each value that is described, in the order of the file; throws on one that is not. */
export function valueRows(valuesYaml: string): ValueRow[] {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error('values.yaml holds no values');
  return rowsOf(contents.items, '');
}

function rowsOf(pairs: readonly Pair[], before: string): ValueRow[] {
  return pairs.flatMap((pair) => {
    const path = before + keyOf(pair);
    const value = pair.value as Node;
    const description = describe((pair.key as Node).commentBefore);
    if (description !== undefined) return [{ path, fallback: value.toJSON() as unknown, description }];
    if (isMap(value) && value.items.length > 0) {
      const [first] = value.items;
      // The parser gives the comment before a map's first key to the map.
      if (first && value.commentBefore) (first.key as Node).commentBefore = value.commentBefore;
      return rowsOf(value.items, `${path}.`);
    }
    throw new Error(`values.yaml: ${path} has no description`);
  });
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : '';
}

/** What follows `-- ` in the last paragraph of a comment. */
function describe(comment: string | null | undefined): string | undefined {
  const lines = comment?.split('\n').map((line) => line.trim()) ?? [];
  const start = lines.findLastIndex((line) => line.startsWith('-- '));
  return start < 0 ? undefined : lines.slice(start).join(' ').replace(/^-- /, '');
}

function cell(value: unknown): string {
  const json = JSON.stringify(value);
  return json === '""' ? '' : `\`${json.replaceAll('|', '\\|')}\``;
}
