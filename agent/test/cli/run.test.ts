import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { unpack } from '@tcewatch/recordings';
import { describe, expect, it } from 'vitest';
import { collectLog } from '../log/collect.js';
import { run } from './surroundings.js';

/** At the speed of life a recording lasts for minutes: it is a host that goes on. */
const host = async () => ['run', '--source', 'replay', '--replay-directory', await unpack('fallback-6.1')];

describe('run', () => {
  it('listens, reads and ends well when it is stopped', async () => {
    const stop = new AbortController();
    const { createLog, lines, firstLine } = collectLog();
    const args = [...(await host()), '--listen-port', '0'];
    const ran = run(args, { stop: stop.signal, createLog, env: { TCEWATCH_AGENT_LISTEN_TOKEN: 'hush' } });
    const url = /http:\/\/\S+/.exec((await firstLine).msg)?.[0];
    const get = (path: string, headers = {}) => fetch(`${url}${path}`, { headers });
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/metrics')).status).toBe(401);
    const metrics = await (await get('/metrics', { authorization: 'Bearer hush' })).text();
    expect(metrics).toContain('tcewatch_agent_info{version="1.2.3"');
    stop.abort();
    expect(await ran).toMatchObject({ status: 0, stdout: '', stderr: '' });
    expect(lines.map(({ msg }) => msg)).toEqual([expect.stringMatching(/^listening on/), 'started', 'stopping']);
  });

  it('ends with the recording, delivers nowhere and serves nothing when told so', async () => {
    const args = [...(await host()), '--replay-speed', '0', '--listen-enabled', 'false'];
    const { status, lines } = await run(args);
    expect(status).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual(['started', 'stopping']);
  });

  it('goes on where the host cannot be read, and says what to do', async () => {
    const args = ['run', '--root', import.meta.dirname, '--listen-enabled', 'false'];
    const { status, lines } = await run(args, { stop: AbortSignal.abort() });
    expect(status).toBe(0);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        source: 'hist',
        msg: expect.stringMatching(/^no reading: .*mount/) as string,
      }),
    );
  });

  it('says what to do when the port is taken', async () => {
    const taken = createTcpServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    const { status, stderr } = await run([...(await host()), '--listen-port', String(port)]);
    taken.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^cannot listen on 127\.0\.0\.1 port \d+: .*EADDRINUSE.*; give another listen\.address or listen\.port/,
    );
  });

  it('keeps secrets out of its log', async () => {
    const env = {
      TCEWATCH_AGENT_COLLECTOR_TOKEN: 'hush',
      TCEWATCH_AGENT_LISTEN_TOKEN: 'hush',
      TCEWATCH_AGENT_LOG_LEVEL: 'debug',
    };
    const { lines } = await run([...(await host()), '--replay-speed', '0', '--listen-enabled', 'false'], { env });
    expect(lines.map(({ msg }) => msg)).toContain('configuration');
    expect(JSON.stringify(lines)).not.toContain('hush');
  });
});
