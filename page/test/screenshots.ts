/** Pictures of the page for the documentation, of what the demo's collector has of a recorded host. */
import { mkdir, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { launch, startDemo } from '@tcewatch/testing/browser';
import type { BrowserContextOptions } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Alert } from '../src/api/answers.js';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const DESK = { width: 1120, height: 400 };
const PHONE = { viewport: { width: 390, height: 640 }, deviceScaleFactor: 2 };
const LARGEST = 200_000;
/** Below what a picture shows, in pixels. */
const MARGIN = 24;

interface Picture extends BrowserContextOptions {
  ready: string;
  until: string;
}

it('takes them', async () => {
  await mkdir(IMAGES, { recursive: true });
  const browser = await launch();
  const demo = await startDemo(20);
  /** When `ready` is shown, as far down as the last of `until` reaches. */
  const take = async (name: string, hash: string, { ready, until, ...options }: Picture): Promise<void> => {
    const page = await browser.newPage({ ...options, reducedMotion: 'reduce' });
    await page.goto(`${demo.url}/${hash}`);
    await page.getByText(ready).first().waitFor({ timeout: 300_000 });
    const end = await page.locator(until).last().boundingBox();
    const { width } = page.viewportSize() ?? DESK;
    const clip = { x: 0, y: 0, width, height: Math.ceil((end?.y ?? 0) + (end?.height ?? 0)) + MARGIN };
    await page.screenshot({ path: `${IMAGES}${name}.png`, fullPage: true, clip });
    await page.close();
    expect((await stat(`${IMAGES}${name}.png`)).size, name).toBeLessThan(LARGEST);
  };
  const fleet = { ready: 'table-left-kernel-vfio', until: 'tbody tr' };
  try {
    // These look on while the recording is played: the alert fires for a part of it.
    await Promise.all([
      take('page-fleet', '', { ...fleet, viewport: DESK }),
      take('page-phone', '', { ...fleet, ...PHONE }),
    ]);
    await demo.said('punted:', 'lost 0');
    const [alert] = (await (await fetch(`${demo.url}/v1/alerts?vm=hot`)).json()) as Alert[];
    const vm = `#/vms/${alert?.vm?.life ?? ''}?range=all`;
    const plot = { ready: 'Calls in a second by mode', until: 'details', viewport: DESK };
    await take('page-vm', vm, plot);
    await take('page-dark', vm, { ...plot, colorScheme: 'dark' });
  } finally {
    await demo.stop();
    await browser.close();
  }
});
