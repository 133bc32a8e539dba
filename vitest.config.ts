import { defineConfig } from 'vitest/config';

// Imports between workspaces resolve to sources, so that a test always sees the code as it stands.
const conditions = ['tcewatch-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['*/test/**/*.test.ts'],
    // Two slow cores are the norm for continuous integration: no test may depend on speed, only on an end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['default', './scripts/closing-line.ts'],
    coverage: {
      provider: 'v8',
      include: ['{protocol,config,recordings,agent,collector}/src/**/*.ts'],
      exclude: ['**/gen/**', '**/index.ts', '**/main.ts'],
      reporter: ['text-summary'],
      thresholds: { statements: 85, branches: 80, functions: 85, lines: 85 },
    },
  },
});
