/** Markdown files of the repository, as far as links are concerned. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { Marked, walkTokens } from 'marked';
import type { Token } from 'marked';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

export interface Markdown {
  /** As they stand, without those to other sites. */
  links: string[];
  headings: { depth: number; text: string; anchor: string }[];
}

/** Paths below the repository. */
export function markdownFiles(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'];
  const listed = execFileSync('git', args, { cwd: REPOSITORY, encoding: 'utf8' });
  return listed.split('\n').filter((path) => path !== '');
}

/** `path` is below the repository. */
export function readMarkdown(path: string): Markdown {
  const slugger = new GithubSlugger();
  const links: string[] = [];
  const headings: Markdown['headings'] = [];
  void walkTokens(new Marked().lexer(readFileSync(REPOSITORY + path, 'utf8')), (token: Token) => {
    if ((token.type === 'link' || token.type === 'image') && !/^[a-z]+:/.test(String(token['href']))) {
      links.push(String(token['href']));
    }
    if (token.type === 'heading') {
      const text = String(token['text']).replaceAll('`', '');
      headings.push({ depth: Number(token['depth']), text, anchor: slugger.slug(text) });
    }
  });
  return { links, headings };
}
