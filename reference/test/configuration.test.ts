import { describeConfig, duration } from '@tcewatch/common';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { configurationPage } from '../src/index.js';

it('has a section for each setting, with its type, default and names', () => {
  const rows = describeConfig(
    z.strictObject({ keepFor: duration().prefault('10s').describe('How long.') }),
    'TCEWATCH',
  );
  expect(configurationPage('Settings', 'All of them.', rows)).toBe(
    '# Settings\n\nAll of them.\n\n' +
      '## `keepFor`\n\nHow long.\n\n- type: duration\n- default: `"10s"`\n- `TCEWATCH_KEEP_FOR`\n- `--keep-for`\n',
  );
});
