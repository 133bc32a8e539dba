/** An authority, a certificate for brokers on 127.0.0.1 and one for a client, made by openssl for one run of tests. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** PEM texts. */
export interface Certificates {
  ca: string;
  client: { cert: string; key: string };
  /** Certificate and key of a client whose authority nobody knows. */
  stranger: { cert: string; key: string };
  /** What a broker's `ssl.keystore.location` wants: key, certificate and authority in one file. */
  brokerKeystore: string;
}

const run = promisify(execFile);
const KEY = ['-newkey', 'rsa:2048', '-nodes', '-days', '30'];

export async function makeCertificates(directory: string): Promise<Certificates> {
  const at = (name: string) => join(directory, name);
  const pem = (name: string) => readFile(at(`${name}.pem`), 'utf8');
  const selfSigned = (name: string) =>
    run('openssl', [
      'req',
      '-x509',
      ...KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key.pem`),
      '-out',
      at(`${name}.pem`),
    ]);
  const signed = async (name: string) => {
    await run('openssl', [
      'req',
      ...KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      at(`${name}.key.pem`),
      '-out',
      at(`${name}.csr`),
    ]);
    const authority = ['-CA', at('ca.pem'), '-CAkey', at('ca.key.pem'), '-CAcreateserial', '-extfile', at('names')];
    await run('openssl', [
      'x509',
      '-req',
      '-days',
      '30',
      '-in',
      at(`${name}.csr`),
      '-out',
      at(`${name}.pem`),
      ...authority,
    ]);
  };
  await writeFile(at('names'), 'subjectAltName=IP:127.0.0.1\n');
  await selfSigned('ca');
  await selfSigned('stranger');
  await signed('broker');
  await signed('client');
  const ca = await pem('ca');
  return {
    ca,
    client: { cert: await pem('client'), key: await pem('client.key') },
    stranger: { cert: await pem('stranger'), key: await pem('stranger.key') },
    brokerKeystore: [await pem('broker.key'), await pem('broker'), ca].join(''),
  };
}
