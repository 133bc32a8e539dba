/** The notifiers by type: to add one is to add a file, a case here and an alternative in the configuration's schema. */
import type { BaseLogger } from 'pino';
import type { NotifierConfig } from '../config/index.js';
import type { Notifier } from '../model.js';
import { logNotifier } from './log.js';
import { webhookNotifier } from './webhook.js';

export function createNotifier(config: NotifierConfig, log: BaseLogger): Notifier {
  switch (config.type) {
    case 'log':
      return logNotifier(log);
    case 'webhook':
      return webhookNotifier(config);
  }
}
