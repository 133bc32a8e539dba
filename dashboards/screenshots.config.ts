/** `npm run screenshots`: not a test, but it needs what the tests of dashboards and page need. */
import { defineConfig } from 'vitest/config';

const conditions = ['tcewatch-source'];

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ['test/screenshots.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
