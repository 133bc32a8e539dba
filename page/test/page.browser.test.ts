/** The page in a real browser, on what the demo's collector has of a recorded host. `npm test` has built both. */
import { CHROMIUM, launch, startDemo, violations, watch } from '@tcewatch/testing/browser';
import type { Demo } from '@tcewatch/testing/browser';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Alert, Counts, FleetVm } from '../src/api/answers.js';
import { count } from '../src/words.js';
import { filterTimes } from './filter-times.js';

/** Far longer than it may take: what is measured is printed, and machines of tests are slow. */
const PATIENCE = 120_000;

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let browser: Browser;
  let demo: Demo;

  beforeAll(async () => {
    browser = await launch();
    demo = await startDemo(60);
  });
  afterAll(async () => {
    await demo.stop();
    await browser.close();
  });

  async function open(hash: string, options: BrowserContextOptions = {}): Promise<{ page: Page; wrong: string[] }> {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(PATIENCE);
    const wrong = watch(page, demo.url);
    await page.goto(`${demo.url}/${hash}`);
    return { page, wrong };
  }

  const asked = async <T>(path: string): Promise<T> => (await (await fetch(demo.url + path)).json()) as T;

  // The first of these tests looks on while the recording is played; the others wait for its end.
  it('tells of the fallback of hot when it happens, without being loaded anew', async () => {
    const { page, wrong } = await open('#/alerts');
    await page.evaluate('window.loadedOnce = true');
    const notice = page.getByRole('status', { name: 'New alerts' }).getByText('Acceleration lost: hot.');
    const [shown, said] = await Promise.all([
      notice.waitFor().then(() => performance.now()),
      demo.said('FIRING', 'hot'),
    ]);
    process.stdout.write(
      `the alert of hot was on the page ${Math.round(shown - said)} ms after the collector's webhook told of it\n`,
    );
    expect(shown - said).toBeLessThan(2000);
    await page.getByRole('region', { name: 'Firing' }).getByRole('article', { name: 'hot' }).waitFor();
    expect(await page.evaluate('window.loadedOnce')).toBe(true);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it('shows of a VM the cause, the advice, and totals that are those of ClickHouse', async () => {
    await demo.said('punted:', 'lost 0');
    const [alert] = await asked<Alert[]>('/v1/alerts?vm=hot');
    const life = alert?.vm?.life ?? '';
    const [counts] = await asked<Counts[]>(`/v1/counts?life=${life}`);
    const { page, wrong } = await open(`#/vms/${life}?range=all`);
    await page.getByText(alert?.cause.summary ?? 'no alert').waitFor();
    expect(alert?.cause.code).toBe('table-left-kernel-vfio');
    await page.getByText('table-left-kernel-vfio', { exact: true }).waitFor();
    await page.getByText(alert?.cause.advice ?? '').waitFor();
    expect(await page.getByRole('link', { name: 'Runbook' }).getAttribute('href')).toBe(
      '/runbooks/TceAccelerationLost#table-left-kernel-vfio',
    );
    const table = page.getByRole('table', { name: 'Calls since it started' });
    await table.waitFor();
    const cells = await table
      .locator('tbody tr')
      .evaluateAll((rows) => rows.map((row) => [...row.children].slice(0, 4).map((cell) => cell.textContent)));
    const answered = counts?.hypercalls.map(({ hypercall, modes }) => [
      hypercall,
      ...modes.map(({ calls, evidence }) => (evidence === 'absent' ? 'absent' : count(calls ?? NaN))),
    ]);
    expect(cells).toHaveLength(3);
    expect(cells).toEqual(expect.arrayContaining(answered ?? []));
    expect(cells.flat().join(' ')).toContain('15,43');
    // What is plotted can be read as a table.
    await page.getByText('The plot as a table').click();
    const plotted = page.getByRole('region', { name: 'Calls in a second by mode and time' });
    expect(await plotted.locator('tbody tr').count()).toBeGreaterThan(20);
    expect(wrong).toEqual([]);
    await page.close();
  });

  it('keeps filter, order and time range in its address, over a reload too', async () => {
    await demo.said('punted:', 'lost 0');
    const { page, wrong } = await open('');
    const rows = page.getByRole('table', { name: 'VMs' }).locator('tbody tr[role=row]');
    await rows.nth(1).waitFor();
    await page.getByRole('searchbox', { name: 'Find' }).fill('vf');
    await page.getByRole('button', { name: 'Calls/s' }).click();
    expect(new URL(page.url()).hash).toBe('#/?q=vf&sort=rate');
    await page.getByRole('searchbox', { name: 'Find' }).fill('hot');
    await page.getByRole('radio', { name: /^accelerated/ }).check();
    await page.reload();
    await rows.first().waitFor();
    expect(await page.getByRole('searchbox', { name: 'Find' }).inputValue()).toBe('hot');
    expect(await page.getByRole('radio', { name: /^accelerated/ }).isChecked()).toBe(true);
    expect(await rows.locator('th').allTextContents()).toEqual(['hot']);
    await rows.getByRole('link', { name: 'hot', exact: true }).click();
    await page.getByRole('radio', { name: '6 hours' }).check();
    expect(page.url()).toMatch(/#\/vms\/[0-9a-f-]+\?range=6h$/);
    await page.reload();
    await page.getByRole('radio', { name: '6 hours' }).waitFor();
    expect(await page.getByRole('radio', { name: '6 hours' }).isChecked()).toBe(true);
    expect(wrong).toEqual([]);
    await page.close();
  });

  describe.each<[string, BrowserContextOptions]>([
    ['light', { colorScheme: 'light' }],
    ['dark', { colorScheme: 'dark' }],
    ['on a phone', { viewport: { width: 360, height: 740 }, colorScheme: 'light' }],
  ])('%s', (_, options) => {
    it('has nothing that axe-core objects to, and nothing wider than the window', async () => {
      await demo.said('punted:', 'lost 0');
      const [alert] = await asked<Alert[]>('/v1/alerts?vm=hot');
      const { page, wrong } = await open('', { ...options, reducedMotion: 'reduce' });
      for (const [hash, ready] of [
        ['#/', page.getByRole('link', { name: 'vfa' })],
        [`#/vms/${alert?.vm?.life ?? ''}?range=all`, page.getByRole('table', { name: 'Calls since it started' })],
        [`#/hosts/${alert?.host.id ?? ''}`, page.getByText('seen = stored + lost').first()],
        ['#/alerts', page.getByRole('article', { name: 'hot' })],
        ['#/nowhere', page.getByRole('heading', { name: 'No such view' })],
      ] as const) {
        await page.goto(`${demo.url}/${hash}`);
        await ready.waitFor();
        expect(await violations(page), hash).toEqual([]);
        const [content, window] = await page.evaluate<[number, number]>(
          '[document.documentElement.scrollWidth, window.innerWidth]',
        );
        expect(content, hash).toBeLessThanOrEqual(window);
      }
      // It would find something if there were something.
      await page.evaluate("document.querySelector('main').append(document.createElement('img'))");
      expect(await violations(page)).toEqual([expect.stringContaining('image-alt')]);
      expect(wrong).toEqual([]);
      await page.close();
    });
  });

  it('is less than 100 kB when it is loaded first', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    let bytes = 0;
    page.on('response', (response) => {
      const length = response.headers()['content-length'];
      const own = !new URL(response.url()).pathname.startsWith('/v1/');
      if (own) bytes += length === undefined ? NaN : Number(length);
    });
    await page.goto(demo.url);
    await page.getByRole('heading', { name: 'Fleet' }).waitFor();
    process.stdout.write(`the page is ${Math.round(bytes / 1000)} kB when it is loaded first\n`);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(100_000);
    await page.close();
  });

  it('lists and filters 2,000 VMs', async () => {
    const [vm] = await asked<FleetVm[]>('/v1/fleet');
    const fleet = Array.from({ length: 2000 }, (_, i) => ({ ...vm, vm: `vm-${i}`, life: `${i}` }));
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    // More VMs than a recording has: its one, many times.
    await page.route('**/v1/fleet', (route) => route.fulfill({ json: fleet }));
    await page.goto(demo.url);
    await page.getByText('2,000 VMs').waitFor();
    expect(await page.locator('tbody tr[role=row]').count()).toBeLessThan(100);
    await page.evaluate('scrollTo(0, document.body.scrollHeight)');
    await page.getByRole('link', { name: 'vm-1999', exact: true }).waitFor();
    await page.evaluate('scrollTo(0, 0)');
    const times = await page.evaluate(filterTimes);
    const median = times.sort((a, b) => a - b)[times.length >> 1] ?? Infinity;
    process.stdout.write(`a filter of 2,000 VMs is painted ${Math.round(median)} ms after a key, in the median\n`);
    expect(median).toBeLessThan(2000);
    await page.close();
  });
});
