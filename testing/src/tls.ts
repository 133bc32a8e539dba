/** For tests of TLS: an authority and certificates of it, made by openssl on the spot, and a request that trusts it. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';

/** PEM texts. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Certificates {
  ca: string;
  /** For 127.0.0.1. */
  server: KeyPair;
  client: KeyPair;
}

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export async function makeCertificates(): Promise<Certificates> {
  const directory = await mkdtemp(join(tmpdir(), 'tcewatch-tls-'));
  const openssl = (...args: string[]) => run('openssl', args, { cwd: directory });
  const pem = (name: string) => readFile(join(directory, name), 'utf8');
  const signed = async (name: string, subject: string): Promise<KeyPair> => {
    await openssl(
      'req',
      '-new',
      ...NEW_KEY,
      '-subj',
      `/CN=${subject}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'names'];
    await openssl('x509', '-req', '-days', '2', ...authority, '-in', `${name}.csr`, '-out', `${name}.pem`);
    return { cert: await pem(`${name}.pem`), key: await pem(`${name}.key`) };
  };
  try {
    await writeFile(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1\n');
    const authority = ['-subj', '/CN=tcewatch test authority', '-keyout', 'ca.key', '-out', 'ca.pem'];
    await openssl('req', '-x509', '-days', '2', ...NEW_KEY, ...authority);
    return {
      ca: await pem('ca.pem'),
      server: await signed('server', 'tcewatch test server'),
      client: await signed('client', 'tcewatch test client'),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Rejects where the server is not one to trust. */
export async function getHttps(
  url: string,
  { body, ...options }: RequestOptions & { body?: Uint8Array } = {},
): Promise<{ status: number | undefined; text: string }> {
  const asked = request(url, { ...options, agent: false });
  asked.end(body);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode, text: await text(response) };
}
