/**
 * Logging in by a token (RFC 7628). The library's own way does not look at the answer, so that a token that was refused
 * seems to be a broker that closes connections.
 */
import { readFile } from 'node:fs/promises';
import type { Mechanism } from 'kafkajs';

const SEPARATOR = '\u0001';
const LENGTH_BYTES = 4;
const LONGEST_REASON = 300;

/** Logs in by a token, which is read from the file at each login. */
export function oauthBearer(tokenFile: string): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const token = (await readFile(tokenFile, 'utf8')).trim();
        const request = { encode: () => sized(`n,,${SEPARATOR}auth=Bearer ${token}${SEPARATOR}${SEPARATOR}`) };
        const response = {
          decode: (raw: Buffer) => raw.subarray(LENGTH_BYTES),
          parse: (data: Buffer) => data.toString(),
        };
        const refusal = await saslAuthenticate({ request, response });
        if (refusal) throw refused(refusal);
      },
    }),
  };
}

/** Encodes a text as BYTES of Kafka's protocol. */
function sized(text: string): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/**
 * Makes the error that the library has for the other mechanisms. `answer` is JSON such as `{"status":"invalid_token"}`.
 */
function refused(answer: string): Error {
  const reason = answer.replaceAll(/\p{Cc}+/gu, ' ').slice(0, LONGEST_REASON);
  const error = new Error(`SASL OAUTHBEARER authentication failed: the broker refuses the token (${reason})`);
  return Object.assign(error, { type: 'SASL_AUTHENTICATION_FAILED', retriable: false });
}
