/** Builds the page into `dist`, with each file compressed beside it, so that serving it costs no time. */
import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { defaultClientConditions, defineConfig } from 'vite';
import type { Plugin } from 'vite';

const COMPRESSIBLE = /\.(html|js|css|svg)$/;

function compressed(): Plugin {
  let directory = '';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved: ({ root, build }) => {
      directory = join(root, build.outDir);
    },
    closeBundle: async () => {
      for (const file of await readdir(directory, { recursive: true })) {
        if (!COMPRESSIBLE.test(file)) continue;
        const path = join(directory, file);
        const bytes = await readFile(path);
        await Promise.all([
          writeFile(`${path}.br`, brotliCompressSync(bytes)),
          writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 })),
        ]);
      }
    },
  };
}

export default defineConfig({
  root: import.meta.dirname,
  plugins: [compressed()],
  resolve: { conditions: ['tcewatch-source', ...defaultClientConditions] },
  build: {
    // The content security policy knows no data: addresses and no inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
  },
});
