/** Serves the collector's page: the files that `npm run build` made of the workspace `page/`, and nothing else. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyPluginAsync } from 'fastify';

export interface PageOptions {
  /** Folder of the built page. Default: that of the workspace. */
  directory?: string;
}

/** The page runs its own scripts, asks its own collector, and is in nobody's frame. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

/** Names of files below `assets/` hold a hash of their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

export const statusPage: FastifyPluginAsync<PageOptions> = async (app, { directory = builtPage() }) => {
  if (!existsSync(join(directory, 'index.html'))) {
    app.get('/', (_, reply) =>
      reply.code(503).type('text/plain').send(`The page is not built: run "npm run build" (${directory} is empty).\n`),
    );
    return;
  }
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (response, path) => {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      response.setHeader('cache-control', path.includes('/assets/') ? FOR_EVER : 'no-cache');
    },
  });
};

function builtPage(): string {
  return join(createRequire(import.meta.url).resolve('@tcewatch/page/package.json'), '..', 'dist');
}
