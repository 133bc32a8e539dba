import { expect, it } from 'vitest';
import { collectLog } from './collect.js';

it('masks secrets wherever they come up, and says levels in words', () => {
  const { log, lines } = collectLog();
  log.info({ token: 'hush', headers: { authorization: 'Bearer hush' }, tls: { server: { key: 'hush' } } }, 'said');
  expect(lines[0]).toMatchObject({ level: 'info', msg: 'said', token: '***' });
  expect(JSON.stringify(lines)).not.toContain('hush');
});
