import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runbookPages } from '../../src/http/runbooks.js';

const names = readdirSync(new URL('../../../docs/runbooks/', import.meta.url)).map((name) => name.replace('.md', ''));
const app = Fastify();
beforeAll(() => app.register(runbookPages));
afterAll(() => app.close());

describe('the pages of the runbooks', () => {
  it('are one for each runbook, and a list of them', async () => {
    const list = await app.inject('/runbooks');
    for (const name of names) {
      expect(list.body).toContain(`<a href="runbooks/${name}">`);
      const { statusCode, body } = await app.inject(`/runbooks/${name}`);
      expect([statusCode, body]).toEqual([200, expect.stringMatching(new RegExp(`<h1 id="[a-z]+">${name}</h1>`))]);
    }
  });

  it('have an anchor for each cause, and links to each other alone', async () => {
    const { body } = await app.inject('/runbooks/TceAccelerationLost');
    expect(body).toContain('<h3 id="memlock-limit"><code>memlock-limit</code></h3>');
    expect(body).toContain('<a href="#memlock-limit"><code>memlock-limit</code></a>');
    const blind = await app.inject('/runbooks/TceAgentBlind');
    expect(blind.body).toContain('the privileges that it');
    const never = await app.inject('/runbooks/TceNeverAccelerated');
    expect(never.body).toContain('<a href="TceAccelerationLost#nested-host">a newer kernel</a>');
  });

  it('allow no script, no frame and no other site', async () => {
    const { headers, body } = await app.inject('/runbooks/TceAgentDown');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; /);
    expect(body).not.toMatch(/<script|https?:\/\/(?!localhost)|style=/);
  });

  it('say what there is when there is no such runbook', async () => {
    const { statusCode, body } = await app.inject('/runbooks/..%2FREADME');
    expect([statusCode, body]).toEqual([404, expect.stringContaining('GET /runbooks lists them')]);
  });
});

it('are not served before they are built', async () => {
  const folder = new URL('no-such-folder/', import.meta.url);
  await expect(Fastify().register(runbookPages, { folder })).rejects.toThrow(
    `there are no runbooks in ${folder.pathname}: run "npm run build"`,
  );
});

it("are in the collector's package", () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--silent'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    encoding: 'utf8',
  });
  const [{ files }] = JSON.parse(packed) as [{ files: { path: string }[] }];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining(names.map((name) => `dist/runbooks/${name}.html`)));
});
