/** Pictures of the dashboards for the documentation: a recorded host, drawn by `preview` of what Grafana's backend answers. */
import { execFileSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch } from '@tcewatch/testing/browser';
import { expect, it } from 'vitest';
import { DASHBOARDS } from '../src/index.js';
import { QUERIES } from './grafana/asked.js';
import type { PanelJson } from './grafana/asked.js';
import { askGrafana } from './grafana/backend.js';
import { fleetOfRecordings, interpolate } from './grafana/fleet-of-recordings.js';
import type { View } from './grafana/fleet-of-recordings.js';

const PREVIEW = fileURLToPath(new URL('../preview/', import.meta.url));
const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
/** Nothing listens there: every request is answered here. */
const ORIGIN = 'http://dashboards.example';
const LARGEST = 300_000;
/** Files that Grafana's server has for its components, by address. */
const SERVED: readonly [RegExp, string][] = [
  [
    /^\/public\/fonts\/inter\/Inter-Regular\.woff2$/,
    'node_modules/@fontsource/inter/files/inter-latin-400-normal.woff2',
  ],
  [
    /^\/public\/fonts\/inter\/Inter-Medium\.woff2$/,
    'node_modules/@fontsource/inter/files/inter-latin-500-normal.woff2',
  ],
  [/^\/public\/build\//, 'node_modules/@grafana/ui/dist/public/'],
  [/^\/$/, 'dist/index.html'],
  [/^\//, 'dist/'],
];

it('takes them', async () => {
  const preview = (program: string, ...words: string[]) =>
    execFileSync(program, words, { cwd: PREVIEW, stdio: ['ignore', 'ignore', 'inherit'] });
  preview('npm', 'ci', '--ignore-scripts', '--silent');
  preview('npx', 'tsc');
  preview('npx', 'vite', 'build');
  const fleet = await fleetOfRecordings();
  const browser = await launch();
  try {
    for (const name of ['fleet', 'host', 'vm']) await take(browser, name, await input(name, fleet));
  } finally {
    await browser.close();
    await fleet.close();
  }
});

async function input(name: string, { reader, viewOf }: Awaited<ReturnType<typeof fleetOfRecordings>>) {
  const view: View = viewOf('vfio-7.2');
  const { fromMs, toMs, intervalSeconds } = view;
  const queries = QUERIES.filter((query) => query.panel && query.name.startsWith(`${name} / `));
  const answers = await askGrafana(
    reader,
    queries.map(({ target }) => ({
      fromMs,
      toMs,
      intervalMs: intervalSeconds * 1000,
      target: { ...target, rawSql: interpolate(target.rawSql, view) },
    })),
  );
  // Without a Prometheus to ask, its panels say that they have nothing.
  const panels = (DASHBOARDS[name]?.panels ?? []).map((panel) => ({
    panel: panel as PanelJson,
    frames: answers[queries.findIndex((query) => query.panel === panel)]?.frames ?? [],
  }));
  return { title: DASHBOARDS[name]?.title, fromMs, toMs, panels };
}

async function take(
  browser: Awaited<ReturnType<typeof launch>>,
  name: string,
  shown: Awaited<ReturnType<typeof input>>,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1408, height: 1700 }, reducedMotion: 'reduce' });
  const wrong: string[] = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/input.json') return route.fulfill({ json: shown });
    const [pattern, path] = SERVED.find(([known]) => known.test(pathname)) ?? [/^/, ''];
    return route.fulfill({ path: `${PREVIEW}${pathname.replace(pattern, path)}` });
  });
  await page.goto(`${ORIGIN}/`);
  const plotsAndTables = shown.panels.filter(({ panel, frames }) => {
    return panel.type !== 'stat' && (frames[0]?.data.values[0] ?? []).length > 0;
  });
  const drawn = page.locator('#dashboard');
  await drawn
    .locator('canvas, [role=grid]')
    .nth(plotsAndTables.length - 1)
    .waitFor();
  const path = `${IMAGES}grafana-${name}.png`;
  await drawn.screenshot({ path });
  await page.close();
  expect(wrong).toEqual([]);
  expect((await stat(path)).size, name).toBeLessThan(LARGEST);
}
