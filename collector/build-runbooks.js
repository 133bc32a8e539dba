/**
 * Renders the runbooks of docs/runbooks into dist/runbooks, one NAME.html for each: what stands in the body of the page that
 * src/http/runbooks.ts serves. A part of `npm run build`, so that the collector needs no renderer of Markdown.
 */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';

const FROM = new URL('../docs/runbooks/', import.meta.url);
const TO = new URL('dist/runbooks/', import.meta.url);

/** One for each page: it numbers headings that are alike. */
function renderer() {
  return new Marked(gfmHeadingId(), {
    renderer: {
      // Other runbooks are beside this page; the rest of the documentation is not served.
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        const [, target, anchor = ''] = /^(?:([A-Za-z]+)\.md)?(#[a-z0-9-]+)?$/.exec(href) ?? [undefined];
        if (target === undefined && anchor === '') return text;
        return `<a href="${target ?? ''}${anchor}">${text}</a>`;
      },
    },
  });
}

rmSync(TO, { recursive: true, force: true });
mkdirSync(TO, { recursive: true });
for (const file of readdirSync(FROM).filter((name) => name.endsWith('.md'))) {
  const html = renderer().parse(readFileSync(new URL(file, FROM), 'utf8'), { async: false });
  writeFileSync(new URL(file.replace(/\.md$/, '.html'), TO), html);
}
