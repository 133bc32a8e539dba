/** What the collector serves of its page, with which headers. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { statusPage } from '../../src/http/page.js';

const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

async function serving(files: Record<string, string | Buffer>): Promise<FastifyInstance> {
  const directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'assets'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory.path, name), content);
  const app = fastify();
  await app.register(statusPage, { directory: directory.path });
  opened.push(
    () => app.close(),
    () => directory.remove(),
  );
  return app;
}

it('allows the page nothing but its own files and its own collector, and asks for it anew each time', async () => {
  const app = await serving({ 'index.html': '<!doctype html>' });
  const { headers, statusCode, body } = await app.inject('/');
  expect({ statusCode, body }).toEqual({ statusCode: 200, body: '<!doctype html>' });
  const policy = String(headers['content-security-policy']).split('; ');
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy.join()).not.toMatch(/unsafe|https?:|\*/);
  expect(headers['cache-control']).toBe('no-cache');
  expect(headers['x-content-type-options']).toBe('nosniff');
});

it('lets what has a hash in its name be kept for ever, and sends it as it was compressed when it was built', async () => {
  const packed = gzipSync('export {}');
  const app = await serving({ 'index.html': '', 'assets/a-1.js': 'export {}', 'assets/a-1.js.gz': packed });
  const plain = await app.inject('/assets/a-1.js');
  expect(plain.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(plain.body).toBe('export {}');
  const compressed = await app.inject({ url: '/assets/a-1.js', headers: { 'accept-encoding': 'gzip' } });
  expect(compressed.headers).toMatchObject({
    'cache-control': 'public, max-age=31536000, immutable',
    'content-encoding': 'gzip',
    'content-type': expect.stringMatching(/^(text|application)\/javascript/) as string,
  });
  expect(compressed.rawPayload.equals(packed)).toBe(true);
});

it('serves nothing beside the page', async () => {
  const app = await serving({ 'index.html': '' });
  for (const url of ['/../package.json', '/%2e%2e/package.json', '/assets', '/assets/', '/nothing']) {
    expect((await app.inject(url)).statusCode, url).toBe(404);
  }
});

it('says what to do where the page was not built', async () => {
  const app = await serving({});
  expect(await app.inject('/')).toMatchObject({
    statusCode: 503,
    body: expect.stringContaining('npm run build') as string,
  });
});
