/**
 * A vitest reporter that ends a run with `N passed, N failed`. It counts what was left out as failed where CI=true, and a
 * run that could not start as one failure.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    for (const module of modules) {
      // A module that could not be loaded has no tests, but an error.
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed++;
        else if (state === 'failed') failed++;
        else skipped++;
      }
    }
    if (process.env['CI'] === 'true' && skipped > 0) {
      failed += skipped;
      skipped = 0;
      process.exitCode = 1;
    }
    process.on('exit', (status) => {
      // Of a run that could not start vitest tells a reporter neither tests nor errors.
      if (status !== 0 && failed === 0) failed = 1;
      console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
    });
  }
}
