/** The section of a program's configuration that says how to reach Kafka. */
import { checkTls, clientTls, duration, secret } from '@tcewatch/common';
import { z } from 'zod';

/** The form of a broker's address: no IPv6 address, which the library cannot take: a name does. */
const HOST_AND_PORT = /^[\w.-]+:\d{1,5}$/;

/** A list, or one text with commas as other Kafka clients take it. */
const brokers = z
  .union([z.string(), z.array(z.string())], { error: 'expected host:port, or a list of them' })
  .transform((given, context) => {
    const list = (typeof given === 'string' ? given.split(',') : given).map((text) => text.trim());
    const wrong = list.filter((text) => !HOST_AND_PORT.test(text));
    if (wrong.length === 0) return list;
    const message = `expected host:port, not ${wrong.map((text) => JSON.stringify(text)).join(', ')}`;
    context.addIssue({ code: 'custom', message, input: given });
    return z.NEVER;
  })
  .meta({ kind: 'list' });

const tls = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether connections to the brokers are encrypted.'),
    ...clientTls("This program's", 'brokers that ask for one'),
  })
  .superRefine(checkTls)
  .refine(({ enabled, ca, cert }) => enabled || (ca ?? cert) === undefined, {
    error: 'has certificates and is not enabled: set `enabled: true`',
  })
  .prefault({});

const sasl = z
  .strictObject({
    mechanism: z
      .enum(['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer'])
      .optional()
      .describe('How to log in to the brokers; without it there is no login.'),
    username: z.string().min(1).optional().describe('User of the mechanisms with a password.'),
    password: secret().optional().describe('Password of that user.'),
    tokenFile: z
      .string()
      .min(1)
      .optional()
      .describe('File that holds the token of `oauthbearer`; it is read again at each login, so it may be renewed.'),
  })
  .superRefine((given, context) => {
    const needs = given.mechanism === undefined ? [] : needsOf(given.mechanism);
    for (const key of needs.filter((name) => given[name] === undefined)) {
      context.addIssue({
        code: 'custom',
        path: [key],
        message: `is needed by \`mechanism: ${given.mechanism ?? ''}\``,
      });
    }
    if (given.mechanism === undefined && (given.username ?? given.password ?? given.tokenFile) !== undefined) {
      context.addIssue({ code: 'custom', path: ['mechanism'], message: 'is needed to log in: say which' });
    }
  })
  .prefault({});

function needsOf(mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' | 'oauthbearer') {
  return mechanism === 'oauthbearer' ? (['tokenFile'] as const) : (['username', 'password'] as const);
}

/**
 * The section `kafka` of a program's settings, to be extended by what the program does with Kafka, for instance the
 * name of a topic.
 */
export const kafkaSettings = z.strictObject({
  brokers: brokers.prefault([]).describe('`host:port` of some brokers, by which the others are found.'),
  clientId: z.string().min(1).default('tcewatch').describe("Name of this program in the brokers' logs and quotas."),
  tls,
  sasl,
  connectTimeout: duration().prefault('10s').describe('How long connecting to a broker may take.'),
  requestTimeout: duration().prefault('30s').describe('How long the brokers may take to answer a request.'),
});

/** Makes a setting that names a topic. */
export function topicName(fallback: string) {
  return z
    .string()
    .regex(/^[\w.-]{1,249}$/, 'expected up to 249 letters, digits, dots, _ and -')
    .default(fallback);
}

/** The topic of the batches of all hosts, the same in agents and collectors unless they are told otherwise. */
export const BATCHES_TOPIC = 'tcewatch.batches';

export type KafkaSettings = z.output<typeof kafkaSettings>;
