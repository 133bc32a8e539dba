/** For tests of TLS: an authority and certificates of it, made on the spot, and a request that trusts it. */
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { RequestOptions } from 'node:https';
import { text } from 'node:stream/consumers';
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { X509Certificate } from '@peculiar/x509';

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

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 2 * DAY_MS) };
}

async function keyPair(cert: X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: cert.toString('pem'), key };
}

export async function makeCertificates(): Promise<Certificates> {
  const authority = await newKeys();
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: 'CN=tcewatch test authority',
    signingAlgorithm: ALGORITHM,
    keys: authority,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  });
  const signed = async (subject: string): Promise<KeyPair> => {
    const keys = await newKeys();
    const cert = await X509CertificateGenerator.create({
      ...validity(),
      subject: `CN=${subject}`,
      issuer: ca.subject,
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: authority.privateKey,
      extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    });
    return keyPair(cert, keys);
  };
  return {
    ca: ca.toString('pem'),
    server: await signed('tcewatch test server'),
    client: await signed('tcewatch test client'),
  };
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
