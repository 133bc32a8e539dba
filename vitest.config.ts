import { configDefaults, defineConfig } from 'vitest/config';
import { STAGES } from './scripts/stages.js';

// Imports between workspaces resolve to sources, so that a test sees the code as it stands; what a test starts as a program
// is what was built, which scripts/fresh-build.ts looks at first.
const conditions = ['tcewatch-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Every test is of one stage: `topics.kafka.test.ts` of the stage kafka, `topics.test.ts` of the quick ones.
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['*/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...STAGES.map(({ name }) => `**/*.${name}.test.ts`)],
        },
      },
      ...STAGES.map(({ name }) => ({
        extends: true as const,
        test: { name, include: [`*/test/**/*.${name}.test.ts`] },
      })),
    ],
    globalSetup: ['scripts/fresh-build.ts'],
    maxWorkers: 2,
    // Two slow cores are the norm for continuous integration: no test may depend on speed, only on an end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['default', './scripts/closing-line.ts'],
    coverage: {
      provider: 'v8',
      include: ['{protocol,common,kafka,opentelemetry,recordings,agent,collector,dashboards,helm}/src/**/*.ts'],
      exclude: ['**/gen/**', '**/index.ts', '**/main.ts'],
      reporter: ['text-summary'],
    },
  },
});
