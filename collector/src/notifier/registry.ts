/** The notifiers by type. To add one is to add a file that exports its {@link NotifierKind}, and a line to `KINDS`. */
import { z } from 'zod';
import type { Notifier } from '../model.js';
import { alertmanager } from './alertmanager.js';
import type { NotifierContext, NotifierKind } from './kind.js';
import { log } from './log.js';
import { webhook } from './webhook.js';

const KINDS = [log, webhook, alertmanager] as const;

type Schemas<Kinds extends readonly NotifierKind[]> = { [I in keyof Kinds]: Kinds[I]['schema'] };

const notifier = z.discriminatedUnion('type', KINDS.map(({ schema }) => schema) as unknown as Schemas<typeof KINDS>);

/** One entry of the section `notifiers`. */
export type NotifierConfig = z.output<typeof notifier>;

/** The section `notifiers` of the configuration. */
export const notifiers = z.array(notifier).superRefine((list, context) => {
  const names = list.flatMap((config) => kindOf(config).names(config));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  const message = `two are called ${twice}: give each a name of its own (name), by which it is known what it was told`;
  context.addIssue({ code: 'custom', message });
});

/** Creates the notifiers of an entry of the configuration. */
export function createNotifiers(config: NotifierConfig, context: NotifierContext): Notifier[] {
  return kindOf(config).create(config, context);
}

function kindOf({ type }: NotifierConfig): NotifierKind {
  const kind = KINDS.find((one) => one.type === type);
  if (!kind) throw new RangeError(`there is no notifier of the type ${type}`);
  return kind;
}
