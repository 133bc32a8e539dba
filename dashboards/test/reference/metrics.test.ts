import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { metricsReference } from '../../src/index.js';

// `npx vitest run dashboards/test/reference -u` writes the page anew.
it('is the page that the documentation has', async () => {
  const page = fileURLToPath(new URL('../../../docs/reference/metrics.md', import.meta.url));
  const text = await format(metricsReference(), { ...(await resolveConfig(page)), filepath: page });
  await expect(text).toMatchFileSnapshot(page);
});
