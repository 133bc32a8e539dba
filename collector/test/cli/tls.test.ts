/** The collector where others than this host reach it: HTTPS, with a certificate, and tokens. */
import { encodeBatch, frameBatches } from '@tcewatch/protocol';
import { temporaryDirectory } from '@tcewatch/testing/directories';
import { recordedBatches } from '@tcewatch/testing/recorded-batches';
import { getHttps, makeCertificates } from '@tcewatch/testing/tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, start } from './surroundings.js';

const { ca, server, client } = await makeCertificates();

describe('tcewatch-collector run with listen.tls', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let collector: ReturnType<typeof start>;
  let url: string;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    collector = start(['run', '--clickhouse-embedded-directory', directory.path, '--listen-port', '0'], {
      TCEWATCH_COLLECTOR_LISTEN_TLS_CERT: server.cert,
      TCEWATCH_COLLECTOR_LISTEN_TLS_KEY: server.key,
      TCEWATCH_COLLECTOR_INTAKE_TOKEN: 'hush',
    });
    ({ url } = JSON.parse(await collector.line) as { url: string });
  });
  afterAll(async () => {
    collector.stop();
    await collector.ended;
    await directory.remove();
  });

  it('takes batches of those who trust its authority and have the token, and answers them', async () => {
    expect(url).toMatch(/^https:/);
    const [batch] = await recordedBatches('vfio-7.2');
    if (!batch) throw new Error('the recording has no batch');
    const body = frameBatches([encodeBatch(batch)]);
    const post = (authorization: string) =>
      getHttps(`${url}/v1/batches`, {
        ca,
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf', authorization },
        body,
      });
    expect((await post('Bearer wrong')).status).toBe(401);
    expect(await post('Bearer hush')).toEqual({ status: 202, text: '{"accepted":1,"refused":[]}' });
    expect((await getHttps(`${url}/readyz`, { ca })).text).toBe('{"status":"ready"}');
    expect((await getHttps(`${url}/metrics`, { ca })).text).toContain('{outcome="accepted"} 1');
  });

  it('is not trusted without its authority, and speaks no plain HTTP', async () => {
    await expect(getHttps(`${url}/healthz`)).rejects.toThrow('unable to verify the first certificate');
    await expect(fetch(url.replace('https:', 'http:'))).rejects.toThrow();
  });
});

it.each([
  ['a key of another certificate', server.cert, client.key],
  ['what is no PEM', 'a certificate', 'a key'],
])('refuses %s when it starts, and when its configuration is checked', async (_, cert, key) => {
  const env = { TCEWATCH_COLLECTOR_LISTEN_TLS_CERT: cert, TCEWATCH_COLLECTOR_LISTEN_TLS_KEY: key };
  for (const command of ['run', 'check-config']) {
    const { status, out, err } = await run([command], env);
    expect([status, out]).toEqual([1, '']);
    expect(err).toMatch(/^listen\.tls: cannot be used \(.*\): give PEM texts, and the key of that very certificate/);
    expect(err).not.toContain(key);
  }
});
