import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { unpack } from '@tcewatch/recordings';
import { getHttps, makeCertificates } from '@tcewatch/testing/tls';
import { describe, expect, it } from 'vitest';
import type { AgentConfig } from '../../src/config/schema.js';
import { collectLog } from '../log/collect.js';
import { run } from './surroundings.js';

/** Arguments for a host that goes on: at its own speed a recording lasts for minutes. */
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

  it("serves HTTPS with its certificate, and refuses one that is not its own key's", async () => {
    const { ca, server, client } = await makeCertificates();
    const stop = new AbortController();
    const { createLog, firstLine } = collectLog();
    const args = [...(await host()), '--listen-port', '0'];
    const env = { TCEWATCH_AGENT_LISTEN_TLS_CERT: server.cert, TCEWATCH_AGENT_LISTEN_TLS_KEY: server.key };
    const ran = run(args, { stop: stop.signal, createLog, env });
    const url = /https:\/\/\S+/.exec((await firstLine).msg)?.[0];
    expect((await getHttps(`${url}/metrics`, { ca })).text).toContain('tcewatch_agent_info{version="1.2.3"');
    stop.abort();
    expect((await ran).status).toBe(0);

    const { status, stderr } = await run(args, { env: { ...env, TCEWATCH_AGENT_LISTEN_TLS_KEY: client.key } });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^listen\.tls: cannot be used \(.*mismatch\): give PEM/),
    ]);
  });

  it('ends with the recording, delivers nowhere and serves nothing when told so', async () => {
    const args = [...(await host()), '--replay-speed', '0', '--listen-enabled', 'false'];
    const { status, lines } = await run(args);
    expect(status).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual(['started', 'stopping']);
  });

  it('has a short flag for detail', async () => {
    const detailOf = async (...flags: string[]) => {
      const args = [...(await host()), '--replay-speed', '0', '--listen-enabled', 'false', '--log-level', 'debug'];
      const { lines } = await run([...args, ...flags]);
      return (lines.find(({ msg }) => msg === 'configuration') as unknown as { config: AgentConfig }).config.hist
        .detail;
    };
    expect(await detailOf()).toBe(false);
    expect(await detailOf('--detail')).toBe(true);
    expect(await detailOf('--detail', '--hist-detail', 'false')).toBe(false);
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
