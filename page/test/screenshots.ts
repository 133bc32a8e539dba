/** Pictures of the page for the documentation, of what the demo's collector has of a recorded host. */
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Alert } from '../src/api/answers.js';
import { launch, startDemo } from './browser.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const DESK = { width: 1120, height: 640 };
const LARGEST = 200_000;

it('takes them', async () => {
  await mkdir(IMAGES, { recursive: true });
  const browser = await launch();
  // Slow enough to be looked at while the alert fires.
  const demo = await startDemo(8);
  const take = async (name: string, hash: string, ready: string, options: BrowserContextOptions): Promise<void> => {
    const page = await browser.newPage({ ...options, reducedMotion: 'reduce' });
    await page.goto(`${demo.url}/${hash}`);
    await page.getByText(ready).first().waitFor({ timeout: 120_000 });
    await page.screenshot({ path: `${IMAGES}${name}.png` });
    await page.close();
    expect((await stat(`${IMAGES}${name}.png`)).size, name).toBeLessThan(LARGEST);
  };
  try {
    await demo.said('UPDATED', 'hot');
    const [alert] = (await (await fetch(`${demo.url}/v1/alerts?vm=hot`)).json()) as Alert[];
    const vm = `#/vms/${alert?.vm?.life ?? ''}?range=all`;
    await take('page-vm', vm, 'Calls in a second by mode', { viewport: { ...DESK, height: 860 } });
    await take('page-dark', vm, 'Calls in a second by mode', {
      viewport: { ...DESK, height: 860 },
      colorScheme: 'dark',
    });
    await take('page-fleet', '', 'falling back 1', { viewport: { width: 1120, height: 360 } });
    await take('page-phone', '', 'falling back 1', { viewport: { width: 390, height: 640 }, deviceScaleFactor: 2 });
  } finally {
    await demo.stop();
    await browser.close();
  }
});
