/** Delivers nowhere: for sites that only scrape the agent, and for counting a recording. */
import type { Transport } from './transport.js';

export const noTransport: Transport = {
  name: 'none',
  send: () => undefined,
  room: () => Promise.resolve(),
  drain: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
