import { it } from 'vitest';
import { KafkaCluster } from '../src/testing/index.js';
it('x', async () => {
  for (const brokers of [1, 3] as const) {
    const t = Date.now();
    const c = await KafkaCluster.start({ brokers, users: { agent: 'agent-secret' } });
    console.log(brokers, Date.now() - t, c.addresses());
    console.log(c.brokers[0]!.tail());
    await c.close();
  }
});
