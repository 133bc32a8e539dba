import { expect, it } from 'vitest';
import { createLog } from '../src/log.js';

it('masks secrets wherever they come up, and says levels in words', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info' }, { write: (line) => lines.push(line) });
  log.info({ token: 'hush', headers: { authorization: 'Bearer hush' }, tls: { server: { key: 'hush' } } }, 'said');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', msg: 'said', token: '***' });
  expect(lines.join('')).not.toContain('hush');
});
