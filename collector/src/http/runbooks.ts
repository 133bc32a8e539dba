/**
 * The runbooks of docs/runbooks as pages, where alerts link to: GET /runbooks and /runbooks/:alert. They are read once, need
 * no token since they say nothing of any site, and are plain HTML without scripts.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import type { FastifyPluginAsync } from 'fastify';
import { errorAnswer } from '../errors.js';

/** What collector/build-runbooks.js rendered, found from `src` and from `dist` alike. */
const BUILT = new URL('../../dist/runbooks/', import.meta.url);

const STYLE =
  'body{max-width:50rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif;color-scheme:light dark}' +
  'pre{overflow-x:auto;padding:.75rem;border:1px solid #8888}code{font-size:.9em}:target{background:#fc06}';

const HEADERS = {
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** The pages of a folder of rendered runbooks by the names of their alerts. */
async function readRunbooks(folder: URL): Promise<ReadonlyMap<string, string>> {
  const files = existsSync(folder) ? (await readdir(folder)).filter((name) => name.endsWith('.html')).sort() : [];
  if (files.length === 0) throw new Error(`there are no runbooks in ${folder.pathname}: run "npm run build"`);
  const pages = files.map(async (file): Promise<[string, string]> => {
    const alert = file.replace(/\.html$/, '');
    return [alert, page(alert, await readFile(new URL(file, folder), 'utf8'))];
  });
  return new Map(await Promise.all(pages));
}

export const runbookPages: FastifyPluginAsync<{ folder?: URL }> = async (app, { folder = BUILT }) => {
  const pages = await readRunbooks(folder);
  const items = [...pages.keys()].map((alert) => `<li><a href="runbooks/${alert}">${alert}</a></li>`);
  const index = page('Runbooks', `<h1>Runbooks</h1><ul>${items.join('')}</ul>`);
  app.get('/runbooks', (_, reply) => reply.headers(HEADERS).type('text/html; charset=utf-8').send(index));
  app.get<{ Params: { alert: string } }>('/runbooks/:alert', (request, reply) => {
    const found = pages.get(request.params.alert);
    if (found !== undefined) return reply.headers(HEADERS).type('text/html; charset=utf-8').send(found);
    const message = `there is no runbook ${request.params.alert}; GET /runbooks lists them`;
    return reply.code(404).send(errorAnswer({ code: 'not-found', message }));
  });
};

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head><body>${body}</body></html>`;
}
