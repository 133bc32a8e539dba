/**
 * Tells one Alertmanager, by its API v2. Alertmanager knows an alert by its labels alone and takes it for resolved when
 * it has not heard of it for a while; so every alert that fires is told again and again, as Prometheus does.
 */
import { duration, plainUrl, secret } from '@tcewatch/common';
import { z } from 'zod';
import type { AlertEvent } from '../alerts/event.js';
import type { Notifier } from '../model.js';
import { isoTime } from '../time.js';
import { notifierKind } from './kind.js';
import { extraLabels, labelsKey, labelsOf } from './labels.js';
import type { Labels } from './labels.js';
import { pageUrl, runbookUrl } from './links.js';
import type { Links } from './links.js';
import { authorizationOf, createReceiver, receiverSettings } from './receiver.js';
import type { Receiver } from './receiver.js';
import { impactWords, subjectOf, tidy } from './wording.js';

const { type, name, token, tls, timeout } = receiverSettings('alertmanager');

const basic = z.strictObject({
  user: z.string().min(1).optional().describe('User of Basic authentication.'),
  password: secret().optional().describe('Password of that user.'),
});

export const alertmanager = notifierKind({
  type: 'alertmanager',
  schema: z
    .strictObject({
      type,
      name,
      urls: z
        .array(plainUrl())
        .min(1)
        .describe('Every instance of Alertmanager, with its path prefix; each is told on its own.'),
      basic: basic.optional(),
      token,
      tls,
      repeatEvery: duration()
        .refine((milliseconds) => milliseconds >= 1000, { error: 'must be at least 1s' })
        .prefault('1m')
        .describe('How often what fires is told again; what is not told for four times as long ends in Alertmanager.'),
      labels: extraLabels
        .default({})
        .describe('Labels for every alert, such as `site: north`; the same in every collector.'),
      timeout,
    })
    .refine((given) => given.basic?.user === undefined || given.token === undefined, {
      error: 'has a user and a token: give one of them',
    }),
  names: (config) => config.urls.map((url) => instanceName(config.name, url)),
  create: (config, { links }) =>
    config.urls.map((url) => {
      const authorization = authorizationOf(config.basic, config.token);
      const receiver = createReceiver({ ...config, url: `${url}/api/v2/alerts`, authorization });
      return alertmanagerNotifier({ ...config, name: instanceName(config.name, url), receiver, links });
    }),
});

function instanceName(given: string, url: string): string {
  return `${given}@${new URL(url).host}`;
}

export interface AlertmanagerOptions {
  name: string;
  receiver: Receiver;
  repeatEvery: number;
  /** Labels beside those of the alert. */
  labels: Labels;
  links: Links;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** An alert as `POST /api/v2/alerts` takes it. */
export interface PostableAlert {
  labels: Labels;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

/** Intervals after which Alertmanager forgets what it was not told of, as Prometheus has it. */
const INTERVALS = 4;
/** Alerts in one request: some 200 KiB. */
const AT_ONCE = 100;
/** Characters of one annotation, and of one fact in it. */
const ANNOTATION = 2048;
const FACT = 512;

/** Alert that holds a set of labels in Alertmanager, as far as it was told. */
interface Holder {
  event: AlertEvent;
  /** Time at which Alertmanager lets go of it unless it is told again; milliseconds since 1970. */
  until: number;
}

/** Creates the notifier of one instance, which `receiver` reaches. */
export function alertmanagerNotifier(options: AlertmanagerOptions): Notifier {
  const { name, receiver, repeatEvery, now = Date.now } = options;
  let holders: ReadonlyMap<string, Holder> = new Map();
  return {
    name,
    repeatEvery,
    atOnce: AT_ONCE,
    async notify(events) {
      const told = alertsToPost(events, holders, options, now());
      if (told.alerts.length > 0) await receiver(JSON.stringify(told.alerts));
      holders = told.holders;
    },
  };
}

/**
 * What to post, and who holds which labels afterwards. Two lives of a VM have the same labels: what is told late of the
 * earlier one must not end the alert of the later.
 */
export function alertsToPost(
  events: readonly AlertEvent[],
  before: ReadonlyMap<string, Holder>,
  options: Pick<AlertmanagerOptions, 'repeatEvery' | 'labels' | 'links'>,
  nowMs: number,
): { alerts: PostableAlert[]; holders: ReadonlyMap<string, Holder> } {
  const holders = new Map([...before].filter(([, { until }]) => until > nowMs));
  const keys = new Map([...holders].map(([key, { event }]) => [event.alertId, key]));
  const alerts: PostableAlert[] = [];
  const until = nowMs + INTERVALS * options.repeatEvery;
  for (const event of events) {
    const key = labelsKey(labelsOf(event, options.labels));
    const later = holders.get(key)?.event;
    if (later && later.alertId !== event.alertId && later.firedAtNs > event.firedAtNs) continue;
    // The same alert under the labels of a lower severity.
    const lower = keys.get(event.alertId) ?? key;
    const told = lower === key ? undefined : holders.get(lower)?.event;
    if (told?.alertId === event.alertId) {
      alerts.push(postable(told, options, nowMs, nowMs));
      holders.delete(lower);
    }
    alerts.push(postable(event, options, nowMs, event.state === 'firing' ? until : endOf(event, nowMs)));
    if (event.state === 'firing') holders.set(key, { event, until });
    else holders.delete(key);
  }
  return { alerts, holders };
}

/** A host's clock may be ahead; an alert that ends in the future would fire until then. */
function endOf({ resolvedAtNs }: AlertEvent, nowMs: number): number {
  return Math.min(milliseconds(resolvedAtNs ?? 0n), nowMs);
}

function postable(
  event: AlertEvent,
  { labels, links }: Pick<AlertmanagerOptions, 'labels' | 'links'>,
  nowMs: number,
  endsMs: number,
): PostableAlert {
  const starts = Math.min(milliseconds(event.firedAtNs), nowMs, endsMs);
  const generatorURL = pageUrl(links, event);
  return {
    labels: labelsOf(event, labels),
    annotations: annotationsOf(event, links),
    startsAt: isoTime(BigInt(starts) * 1_000_000n),
    endsAt: isoTime(BigInt(endsMs) * 1_000_000n),
    ...(generatorURL !== undefined && { generatorURL }),
  };
}

function annotationsOf(event: AlertEvent, links: Links): Record<string, string> {
  const { cause, evidence } = event;
  const impact = impactWords(event.impact);
  const runbook = runbookUrl(links, event);
  const sentences = [cause.summary, cause.advice, impact ?? ''].filter((sentence) => sentence !== '');
  return {
    summary: tidy(`${event.alert} of ${subjectOf(event)}`, ANNOTATION),
    description: tidy(sentences.join(' '), ANNOTATION),
    cause: cause.code,
    confidence: cause.confidence,
    advice: tidy(cause.advice, ANNOTATION),
    ...(impact !== undefined && { impact }),
    ...(evidence.facts.length > 0 && { facts: evidence.facts.map((fact) => tidy(fact, FACT)).join('\n') }),
    ...(runbook !== undefined && { runbook_url: runbook }),
  };
}

function milliseconds(ns: bigint): number {
  return Number(ns / 1_000_000n);
}
