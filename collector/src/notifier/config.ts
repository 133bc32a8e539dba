/** The sections of the configuration that say who is told of alerts, and where their links lead. */
import { checkTls, clientTls, duration, plainUrl, secret } from '@tcewatch/common';
import { z } from 'zod';
import { LABEL_NAME, OWN_LABELS } from './labels.js';
import { PLACEHOLDERS, unknownPlaceholders } from './links.js';

const receiverTls = z
  .strictObject({
    ...clientTls("The collector's", 'receivers that ask for one'),
  })
  .superRefine(checkTls)
  .prefault({});

const ownLabels: readonly string[] = OWN_LABELS;
const labels = z.record(z.string(), z.string().max(256)).superRefine((given, context) => {
  for (const name of Object.keys(given)) {
    const refuse = (message: string): void => {
      context.addIssue({ code: 'custom', path: [name], message });
    };
    if (ownLabels.includes(name)) refuse(`is one of the alert's own labels: ${ownLabels.join(', ')}`);
    else if (!LABEL_NAME.test(name)) refuse('is no name of letters, digits and _, without a digit or __ in front');
  }
});

const receiverName = (type: string) =>
  z
    .string()
    .min(1)
    .default(type)
    .describe(
      'Its name in logs, metrics and records, by default its type; no two have the same. Each instance of Alertmanager ' +
        'has its own: the name, @ and its host and port.',
    );
const timeout = duration().prefault('10s').describe('How long one attempt may take.');
const token = secret().optional().describe('Bearer token to send.');

const notifier = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('log').describe('Kind of notifier.') }),
  z.strictObject({
    type: z.literal('webhook').describe('Kind of notifier.'),
    name: receiverName('webhook'),
    url: plainUrl({ exact: true }).describe('Where to post each event as JSON.'),
    token,
    secret: secret()
      .optional()
      .describe('Key of the signature in the header webhook-signature: base64 after `whsec_`, else its own bytes.'),
    tls: receiverTls,
    timeout,
  }),
  z
    .strictObject({
      type: z.literal('alertmanager').describe('Kind of notifier.'),
      name: receiverName('alertmanager'),
      urls: z
        .array(plainUrl())
        .min(1)
        .describe('Every instance of Alertmanager, with its path prefix; each is told on its own.'),
      basic: z
        .strictObject({
          user: z.string().min(1).optional().describe('User of Basic authentication.'),
          password: secret().optional().describe('Password of that user.'),
        })
        .optional(),
      token,
      tls: receiverTls,
      repeatEvery: duration()
        .refine((milliseconds) => milliseconds >= 1000, { error: 'must be at least 1s' })
        .prefault('1m')
        .describe('How often what fires is told again; what is not told for four times as long ends in Alertmanager.'),
      labels: labels
        .default({})
        .describe('Labels for every alert, such as `site: north`; the same in every collector.'),
      timeout,
    })
    .refine(({ basic, token: given }) => basic?.user === undefined || given === undefined, {
      error: 'has a user and a token: give one of them',
    }),
]);

/** By which a notifier's records are known, one for each receiver. */
function notifierNames(one: z.output<typeof notifier>): string[] {
  if (one.type === 'log') return ['log'];
  if (one.type === 'webhook') return [one.name];
  return one.urls.map((url) => `${one.name}@${new URL(url).host}`);
}

export const notifiers = z.array(notifier).superRefine((list, context) => {
  const names = list.flatMap(notifierNames);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  const message = `two are called ${twice}: give each a name of its own (name), by which it is known what it was told`;
  context.addIssue({ code: 'custom', message });
});

export const links = z.strictObject({
  runbooks: plainUrl()
    .optional()
    .describe('Where there is a runbook for each alert, if not at `runbooks` below publicUrl.'),
  dashboard: z
    .string()
    .regex(/^https?:\/\//, 'expected a URL such as https://grafana.example/d/tcewatch?var-host={host}&from={from}')
    .superRefine((template, context) => {
      const wrong = unknownPlaceholders(template);
      if (wrong.length === 0) return;
      const known = Object.keys(PLACEHOLDERS).join(', ');
      context.addIssue({ code: 'custom', message: `{${wrong.join('}, {')}} stands for nothing; there are ${known}` });
    })
    .optional()
    .describe(
      "Page to look at for an alert, if not the collector's own: a URL in which {name} stands for one of " +
        `${Object.keys(PLACEHOLDERS).join(', ')}.`,
    ),
});

export type NotifierConfig = z.output<typeof notifier>;
