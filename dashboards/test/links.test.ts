import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { REPOSITORY, markdownFiles, readMarkdown } from './markdown.js';

/** Says what is wrong with a link of a file; undefined where nothing is. */
function wrong(file: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), decodeURIComponent(path));
  if (!existsSync(join(REPOSITORY, target))) return `${link}: there is no ${target}`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  const anchors = readMarkdown(target).headings.map((heading) => heading.anchor);
  return anchors.includes(anchor) ? undefined : `${link}: ${target} has no #${anchor}`;
}

it.each(markdownFiles())('resolves each link and anchor of %s', (file) => {
  const problems = readMarkdown(file).links.map((link) => wrong(file, link));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
});

it('tells what does not resolve', () => {
  expect(wrong('README.md', 'docs/nowhere.md')).toBe('docs/nowhere.md: there is no docs/nowhere.md');
  expect(wrong('README.md', '#nowhere')).toBe('#nowhere: README.md has no #nowhere');
  expect(wrong('docs/runbooks/TceAgentDown.md', 'TceAgentBlind.md#problems')).toBeUndefined();
});
