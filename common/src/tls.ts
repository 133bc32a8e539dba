/** What settings of TLS have in common. */
import { createSecureContext } from 'node:tls';
import type { z } from 'zod';
import { secret } from './types.js';
import type { Secret } from './types.js';

/** PEM texts. */
export interface TlsSettings {
  ca?: Secret | undefined;
  cert?: Secret | undefined;
  key?: Secret | undefined;
}

/** Makes the settings of a client: `own` says whose certificate it is, `peer` who may ask for it. */
export function clientTls(own: string, peer: string) {
  return {
    ca: secret().optional().describe('Certificates (PEM) of the authorities to trust instead of the well-known ones.'),
    cert: secret().optional().describe(`${own} certificate (PEM), for ${peer}.`),
    key: secret().optional().describe('The private key (PEM) of that certificate.'),
  };
}

/** Checks, for `superRefine`, that there are a certificate and its own private key, or neither. */
export function checkTls({ ca, cert, key }: TlsSettings, context: z.RefinementCtx): void {
  const wrong = (message: string) => {
    context.addIssue({ code: 'custom', message, input: '***' });
  };
  if ((cert === undefined) !== (key === undefined)) {
    wrong('give both `cert` and `key`, or neither');
    return;
  }
  try {
    createSecureContext({ ca: ca?.reveal(), cert: cert?.reveal(), key: key?.reveal() });
  } catch (error) {
    wrong(`cannot be used (${(error as Error).message}): give PEM texts, and the key of that very certificate`);
  }
}

/** Gives certificate and key as Node's servers take them; undefined where there is no certificate. */
export function servedTls({ cert, key }: TlsSettings): { cert: string; key: string } | undefined {
  return cert && key && { cert: cert.reveal(), key: key.reveal() };
}
