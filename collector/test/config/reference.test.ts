import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { expect, it } from 'vitest';
import { collectorReference } from '../../src/config/reference.js';

// `npx vitest run collector/test/config -u` writes the page anew.
it('is the page that the documentation has', async () => {
  const page = fileURLToPath(new URL('../../../docs/reference/collector-configuration.md', import.meta.url));
  const text = await format(collectorReference(), { ...(await resolveConfig(page)), filepath: page });
  await expect(text).toMatchFileSnapshot(page);
});
