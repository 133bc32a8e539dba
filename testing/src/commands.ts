/**
 * What a page of the documentation has its reader do: its blocks of `sh`. A comment before each says where tests run
 * it, as in `<!-- run in tests: a KVM host -->`, or why none does: `<!-- not run in tests: needs systemd -->`.
 */
export interface Commands {
  /** The line of the page, from 1, in which the block begins. */
  line: number;
  script: string;
  place: string | undefined;
  reason: string | undefined;
}

const BLOCK =
  /(?:^ *<!-- (?:run in tests: (?<place>[^>]+?)|not run in tests: (?<reason>[^>]+?)) -->\n+)?^ *```sh\n(?<script>[^]*?)^ *```$/gm;

export function commandsOf(page: string): Commands[] {
  return [...page.matchAll(BLOCK)].map((match) => {
    const { place, reason, script = '' } = match.groups ?? {};
    const before = page.slice(0, match.index + match[0].indexOf('```sh'));
    return { line: before.split('\n').length + 1, script, place, reason };
  });
}
