/**
 * The runbooks of docs/runbooks as pages, where alerts link to: GET /runbooks and /runbooks/:alert. They are read once, need
 * no token since they say nothing of any site, and are plain HTML without scripts.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';
import { Marked } from 'marked';
import { gfmHeadingId } from 'marked-gfm-heading-id';
import { errorAnswer } from '../api/errors.js';

/**
 * Folders that may hold the runbooks: that of the repository and that of the package; found from `src` and from `dist`
 * alike.
 */
const FOLDERS = ['../../../docs/runbooks/', '../../runbooks/'].map((path) => new URL(path, import.meta.url));

const STYLE =
  'body{max-width:50rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color-scheme:light dark}' +
  'pre{overflow-x:auto;padding:.75rem;border:1px solid #8888}code{font-size:.9em}:target{background:#fc06}';

const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The pages of a folder of Markdown files by the names of their alerts. */
export async function readRunbooks(folder?: URL): Promise<ReadonlyMap<string, string>> {
  const from = folder ?? FOLDERS.find((url) => existsSync(url));
  if (from === undefined)
    throw new Error(`there are no runbooks in ${FOLDERS.map(({ pathname }) => pathname).join(', ')}`);
  const files = (await readdir(from)).filter((name) => name.endsWith('.md')).sort();
  const alerts = files.map((name) => name.replace(/\.md$/, ''));
  const pages = alerts.map(async (alert): Promise<[string, string]> => {
    const markdown = await readFile(new URL(`${alert}.md`, from), 'utf8');
    return [alert, page(alert, await renderer().parse(markdown))];
  });
  return new Map(await Promise.all(pages));
}

export const runbookPages: FastifyPluginAsync<{ folder?: URL }> = async (app, { folder }) => {
  const pages = await readRunbooks(folder);
  const items = [...pages.keys()].map((alert) => `<li><a href="runbooks/${alert}">${alert}</a></li>`);
  const index = page('Runbooks', `<h1>Runbooks</h1><ul>${items.join('')}</ul>`);
  app.get('/runbooks', (_, reply) => reply.headers(HEADERS).type('text/html; charset=utf-8').send(index));
  app.get<{ Params: { alert: string } }>('/runbooks/:alert', (request, reply) => {
    const found = pages.get(request.params.alert);
    if (found !== undefined) return reply.headers(HEADERS).type('text/html; charset=utf-8').send(found);
    const message = `there is no runbook ${request.params.alert}; GET /runbooks lists them`;
    return reply.code(404).send(errorAnswer('not-found', message));
  });
};

/** One for each page: it numbers headings that are alike. */
function renderer(): Marked {
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

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head><body>${body}</body></html>`;
}
