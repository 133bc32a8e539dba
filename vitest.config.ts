import { configDefaults, defineConfig } from 'vitest/config';

// Imports between workspaces resolve to sources, so that a test always sees the code as it stands.
const conditions = ['tcewatch-source'];

/** Emulates a machine with two processors, for minutes. */
const LAB_RUN = 'lab/test/smoke.lab.test.ts';
/** Runs a dozen programs at once, for minutes. */
const SOAK_RUN = 'soak/test/fleet.soak.test.ts';
/** A Kubernetes cluster, for minutes. */
const HELM_RUN = 'helm/test/install.cluster.test.ts';
/** A clone that is installed, built and packaged, for minutes. */
const CLONE_RUN = 'deploy/test/clone.guides.test.ts';
/** Builds four images, for minutes. */
const IMAGES_RUN = 'deploy/test/containers.images.test.ts';

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['*/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, LAB_RUN, SOAK_RUN, HELM_RUN, CLONE_RUN, IMAGES_RUN],
        },
      },
      // After all others and one after the other, so that none slows another down.
      { extends: true, test: { name: 'lab', include: [LAB_RUN], sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'soak', include: [SOAK_RUN], sequence: { groupOrder: 2 } } },
      { extends: true, test: { name: 'helm', include: [HELM_RUN], sequence: { groupOrder: 3 } } },
      { extends: true, test: { name: 'clone', include: [CLONE_RUN], sequence: { groupOrder: 4 } } },
      { extends: true, test: { name: 'images', include: [IMAGES_RUN], sequence: { groupOrder: 5 } } },
    ],
    // Two slow cores are the norm for continuous integration: no test may depend on speed, only on an end.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    reporters: ['default', './scripts/closing-line.ts'],
    coverage: {
      provider: 'v8',
      include: ['{protocol,common,kafka,opentelemetry,recordings,agent,collector,dashboards,helm}/src/**/*.ts'],
      exclude: ['**/gen/**', '**/index.ts', '**/main.ts'],
      reporter: ['text-summary'],
      thresholds: { statements: 85, branches: 80, functions: 85, lines: 85 },
    },
  },
});
