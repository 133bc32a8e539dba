/** A receiver of webhooks: what a collector's notifier `webhook` tells somebody, over real HTTP. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alertBody } from '../src/alerts/body.js';
import type { AlertBody } from '../src/index.js';

export interface Webhook {
  url: string;
  /** In the order in which they came, each as often as it came. */
  told: AlertBody[];
  close(): void;
}

export async function startWebhook(): Promise<Webhook> {
  const told: AlertBody[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push(alertBody.parse(JSON.parse(body)));
      response.writeHead(204).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    told,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
