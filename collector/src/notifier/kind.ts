/** What a kind of notifier brings with it, all in one file: its settings, and how they become notifiers. */
import type { BaseLogger } from 'pino';
import type { z } from 'zod';
import type { Notifier } from '../model.js';
import type { Links } from './links.js';

/** What every notifier may use. */
export interface NotifierContext {
  links: Links;
  log: BaseLogger;
}

export interface NotifierKind<Schema extends z.ZodType = z.ZodType> {
  /** `type` of an entry of the configuration. */
  readonly type: string;
  /**
   * Settings of an entry. Secrets are of the type `secret()` and never shown; addresses are of the type `plainUrl()` and
   * called `url` or `urls`, where whoever opens the network for the collector looks for them.
   */
  readonly schema: Schema;
  /** Names of the notifiers of an entry, by which records, metrics and logs know each receiver. */
  names(config: z.output<Schema>): string[];
  /** Creates the notifiers of an entry in the order of their names: one for each receiver, so that each is told on its own. */
  create(config: z.output<Schema>, context: NotifierContext): Notifier[];
}

/** Checks that a kind fits its own schema. */
export function notifierKind<Schema extends z.ZodType, Type extends string>(
  kind: NotifierKind<Schema> & { readonly type: Type },
): NotifierKind<Schema> & { readonly type: Type } {
  return kind;
}
