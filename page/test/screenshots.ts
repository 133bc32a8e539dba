/** Pictures of the page for the documentation, of what the demo's collector has of a recorded host. */
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Alert } from '../src/api/answers.js';
import { launch, startDemo } from './browser.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const DESK = { width: 1120, height: 860 };
const LARGEST = 200_000;

it('takes them', async () => {
  await mkdir(IMAGES, { recursive: true });
  const browser = await launch();
  const demo = await startDemo(20);
  const take = async (name: string, hash: string, ready: string, options: BrowserContextOptions): Promise<void> => {
    const page = await browser.newPage({ ...options, reducedMotion: 'reduce' });
    await page.goto(`${demo.url}/${hash}`);
    await page.getByText(ready).first().waitFor({ timeout: 300_000 });
    await page.screenshot({ path: `${IMAGES}${name}.png` });
    await page.close();
    expect((await stat(`${IMAGES}${name}.png`)).size, name).toBeLessThan(LARGEST);
  };
  try {
    // These look on while the recording is played: the alert fires for a part of it.
    await Promise.all([
      take('page-fleet', '', 'table-left-kernel-vfio', { viewport: { ...DESK, height: 420 } }),
      take('page-phone', '', 'table-left-kernel-vfio', { viewport: { width: 390, height: 640 }, deviceScaleFactor: 2 }),
    ]);
    await demo.said('punted:', 'lost 0');
    const [alert] = (await (await fetch(`${demo.url}/v1/alerts?vm=hot`)).json()) as Alert[];
    const vm = `#/vms/${alert?.vm?.life ?? ''}?range=all`;
    await take('page-vm', vm, 'Calls in a second by mode', { viewport: DESK });
    await take('page-dark', vm, 'Calls in a second by mode', { viewport: DESK, colorScheme: 'dark' });
  } finally {
    await demo.stop();
    await browser.close();
  }
});
