/** A real browser (Debian's Chromium), and the demo as it is run by a user. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';

const DEMO = fileURLToPath(new URL('../../demo/dist/main.js', import.meta.url));

/** Undefined where there is none. */
export const CHROMIUM = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((directory) => join(directory, 'chromium'))
  .find((path) => existsSync(path));

export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

export interface Demo {
  url: string;
  /** When the line of the demo that has all these words was written, as `performance.now()`; waits for it. */
  said(...words: string[]): Promise<number>;
  stop(): Promise<void>;
}

/** Resolves when its collector listens. */
export async function startDemo(speed: number): Promise<Demo> {
  const child = spawn(process.execPath, [DEMO, '--keep-running', '--speed', String(speed)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: { text: string; at: number }[] = [];
  const waiting = new Set<() => void>();
  const tell = (): void => {
    for (const look of waiting) look();
  };
  let over = false;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      lines.push({ text, at: performance.now() });
      tell();
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      over = true;
      tell();
      resolve();
    });
  });
  const find = (words: string[]): Promise<{ text: string; at: number }> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const line = lines.find(({ text }) => words.every((word) => text.includes(word)));
        if (!line && !over) return;
        waiting.delete(look);
        if (line) resolve(line);
        else
          reject(
            new Error(`the demo ended without "${words.join(' ')}":\n${lines.map(({ text }) => text).join('\n')}`),
          );
      };
      waiting.add(look);
      look();
    });
  const { text } = await find(['http://']);
  return {
    url: /http:\/\/[\d.:]+/.exec(text)?.[0] ?? '',
    said: async (...words) => (await find(words)).at,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What went wrong on a page that it does not show: errors, and requests to anybody else. */
export function watch(page: Page, origin: string): string[] {
  const wrong: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') wrong.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) wrong.push(`request: ${request.url()}`);
  });
  return wrong;
}

/** What axe-core finds, a line each. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate<axe.AxeResults>('axe.run(document)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
}
