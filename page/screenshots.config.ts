/** `npm run screenshots`: not a test, but it needs what the tests of the page need. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  test: { include: ['test/screenshots.ts'], testTimeout: 600_000, hookTimeout: 600_000 },
});
