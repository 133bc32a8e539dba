/** Texts of the page where there is little or nothing to show: each says what is the case, and what to do. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HPT } from '@tcewatch/testing/batches';
import { CHROMIUM, launch, violations, watch } from '@tcewatch/testing/browser';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCollector } from './collector.js';
import type { TestCollector } from './collector.js';

/** Far longer than it may take. */
const PATIENCE = 90_000;
const TOKEN = 'a-token-of-the-read-api';

describe.skipIf(CHROMIUM === undefined)('the page', () => {
  let browser: Browser;
  let collector: TestCollector;

  async function open(hash: string): Promise<{ page: Page; wrong: string[] }> {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    const wrong = watch(page, collector.url);
    await page.goto(`${collector.url}/${hash}`);
    return { page, wrong };
  }

  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser.close());

  describe('of a collector that asks for a token', () => {
    beforeAll(async () => {
      const file = join(tmpdir(), `tcewatch-page-token-${process.pid}`);
      await writeFile(file, TOKEN, { mode: 0o600 });
      collector = await startCollector({ read: { token: { file } } });
    });
    afterAll(() => collector.stop());

    it('asks for it, refuses another, and keeps it in the session of the tab alone', async () => {
      const { page } = await open('#/alerts');
      const requests: { url: string; authorization: string | undefined }[] = [];
      page.on('request', (request) => {
        requests.push({ url: request.url(), authorization: request.headers()['authorization'] });
      });
      const field = page.getByLabel('Token');
      await field.waitFor();
      expect(await field.getAttribute('type')).toBe('password');
      expect(await violations(page)).toEqual([]);

      await field.fill('another-token');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('alert').getByText('This is not the token.').waitFor();

      await field.fill(TOKEN);
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByText('There was no alert yet.').waitFor();
      const kept = await page.evaluate<[string, string, string]>(
        '[JSON.stringify({ ...sessionStorage }), JSON.stringify({ ...localStorage }), document.cookie]',
      );
      expect(kept).toEqual([JSON.stringify({ 'tcewatch.token': TOKEN }), '{}', '']);

      // Within the tab it is kept, and is where one was; another tab is asked.
      await page.reload();
      await page.getByText('There was no alert yet.').waitFor();
      expect(new URL(page.url()).hash).toBe('#/alerts');
      expect(requests.some(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
      expect(requests.filter(({ url }) => url.includes('token'))).toEqual([]);
      const other = await open('#/');
      await other.page.getByLabel('Token').waitFor();
      await other.page.close();
      await page.close();
    });

    it('does not keep what was refused, so that a reload asks again', async () => {
      const { page } = await open('');
      await page.getByLabel('Token').fill('another-token');
      await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('alert').getByText('This is not the token.').waitFor();
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
      await page.close();
    });
  });

  describe('of a collector that', () => {
    beforeAll(async () => {
      collector = await startCollector({ detector: { silentAfter: '30s' } });
    });
    afterAll(() => collector.stop());

    // In this order: what is stored by one test is there in the next.
    it('nobody has told anything says how to, and that there was no alert', async () => {
      const { page, wrong } = await open('');
      await page.getByText('No host has reported yet.').waitFor();
      await page.getByText(`tcewatch-agent run --collector-url ${collector.url}`).waitFor();
      expect(await page.getByRole('search').count()).toBe(0);
      expect(await violations(page)).toEqual([]);
      await page.goto(`${collector.url}/#/alerts`);
      await page.getByText('There was no alert yet.').waitFor();
      await page.goto(`${collector.url}/#/hosts/nobody`);
      await page.getByText('No host has the id nobody.').waitFor();
      expect(wrong).toEqual([]);
      await page.close();
    });

    it('has a host without VMs says so', async () => {
      const { page, wrong } = await open('');
      await page.getByText('No host has reported yet.').waitFor();
      await collector.take({ host: 'empty', uptime: 100, vms: [] });
      // It appears without a reload.
      await page.getByText('No VM runs on the host that reported.').waitFor();
      expect(await violations(page)).toEqual([]);
      await page.getByRole('link', { name: 'empty' }).click();
      await page.getByText('No VM runs on it.').waitFor();
      await page.getByText('Its agent keeps none.').waitFor();
      expect(wrong).toEqual([]);
      await page.close();
    });

    it('has a host that cannot see real mode says so of its VMs, and then that it is silent', async () => {
      const { page, wrong } = await open('');
      await page.getByText('No VM runs on the host that reported.').waitFor();
      // As the guest n2 of the recording real-mode-5.10: all that the host sees of a healthy HPT guest are a few punts.
      const counts = { H_PUT_TCE: { entered: 10, punted: 10 } };
      await collector.take({ host: 'hpt', uptime: 100, interval: 1, vms: [{ name: 'n2', counts, evidence: HPT }] });
      const row = page.getByRole('table', { name: 'VMs' }).locator('tbody tr[role=row]').first();
      await row.getByText('unobservable', { exact: true }).waitFor();
      await row.getByText('real unobservable').waitFor();
      await row.getByRole('link').first().click();
      await page.getByText('nobody can say that it is accelerated').waitFor();
      await page.getByText('Calls in real mode cannot be seen: ').waitFor();
      expect(await violations(page)).toEqual([]);

      await page.goto(`${collector.url}/#/`);
      await row.getByTitle('Its host does not report').waitFor();
      await row.getByText(/^was /).waitFor();
      await row.getByRole('link').first().click();
      await page.getByText('nobody knows what the VM does now').waitFor();
      await page.goto(`${collector.url}/#/hosts/hpt`);
      await page.getByRole('article', { name: /^Telemetry silent/ }).waitFor();
      expect(await violations(page)).toEqual([]);
      expect(wrong).toEqual([]);
      await page.close();
    });
  });
});
