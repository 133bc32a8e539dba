/** The notifiers by type: to add one is to add a file, a case here and an alternative in the configuration's schema. */
import type { BaseLogger } from 'pino';
import type { NotifierConfig } from './config.js';
import type { Notifier } from '../model.js';
import { alertmanagerNotifier } from './alertmanager.js';
import type { Links } from './links.js';
import { logNotifier } from './log.js';
import { authorizationOf, createReceiver } from './receiver.js';
import { webhookNotifier } from './webhook.js';

/** One for each receiver, so that each is told on its own. */
export function createNotifiers(config: NotifierConfig, links: Links, log: BaseLogger): Notifier[] {
  switch (config.type) {
    case 'log':
      return [logNotifier(log)];
    case 'webhook': {
      const receiver = createReceiver({ ...config, authorization: authorizationOf(undefined, config.token) });
      return [webhookNotifier({ ...config, receiver })];
    }
    case 'alertmanager':
      return config.urls.map((url) => {
        const authorization = authorizationOf(config.basic, config.token);
        const receiver = createReceiver({ ...config, url: `${url}/api/v2/alerts`, authorization });
        return alertmanagerNotifier({ ...config, name: `${config.name}@${new URL(url).host}`, receiver, links });
      });
  }
}
