/** TLS, logging in, and what an ACL allows. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaCluster } from '@tcewatch/testing/kafka';
import { commandsFor } from '@tcewatch/testing/pages';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BATCHES_TOPIC } from '../src/index.js';
import type { KafkaClient } from '../src/index.js';
import { WARN, clientFor, hasAll, newTopic, noBroker, read, records, until } from './surroundings.js';

const PASSWORD = 'correct horse';

describe.skipIf(noBroker)('a client of a secured broker', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tcewatch-kafka-tokens-'));
  let cluster: KafkaCluster;
  let admin: KafkaClient;
  let topic: string;

  beforeAll(async () => {
    cluster = await KafkaCluster.start({ users: { agent: PASSWORD, collector: PASSWORD } });
    ({ client: admin } = await clientFor(cluster));
    topic = await newTopic(admin);
    for (const user of ['CN=client', 'agent', 'collector']) {
      await cluster.run(`kafka-acls.sh --add --allow-principal User:${user} --operation Write --topic ${topic}`);
    }
  });
  afterAll(async () => {
    await admin.close();
    await cluster.close();
    rmSync(directory, { recursive: true });
  });

  const tls = (given: Record<string, unknown> = {}) => ({ enabled: true, ca: cluster.certificates.ca, ...given });
  const byTls = (given: Record<string, unknown>) => ({ brokers: cluster.addresses('tls'), tls: tls(given) });
  const bySasl = (sasl: Record<string, unknown>) => ({ brokers: cluster.addresses('sasl'), tls: tls(), sasl });

  /** One send, with all that was logged of it. */
  async function send(settings: Record<string, unknown>) {
    const { client, lines } = await clientFor(cluster, { requestTimeout: '10s', ...settings });
    try {
      await client.producer().send(topic, records(0, 1));
      return { lines };
    } catch (error) {
      return { error: error as Error & { kind?: string }, lines };
    } finally {
      await client.close();
    }
  }

  it('writes by TLS with its certificate', async () => {
    expect(await send(byTls(cluster.certificates.client))).not.toHaveProperty('error');
  });

  it.each(['nobody', 'stranger'] as const)('is refused by TLS as %s', async (who) => {
    const { error } = await send(byTls(who === 'nobody' ? {} : cluster.certificates.stranger));
    expect(error).toMatchObject({ kind: 'authentication' });
  });

  it('does not trust a broker whose authority it does not know', async () => {
    const { error } = await send(byTls({ ca: cluster.certificates.stranger.cert }));
    expect(error).toMatchObject({ kind: 'authentication' });
    expect(error?.message).toMatch(/certificate/);
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])('logs in by %s', async (mechanism) => {
    expect(await send(bySasl({ mechanism, username: 'agent', password: PASSWORD }))).not.toHaveProperty('error');
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'])(
    'is refused by %s with a wrong password, which nothing tells',
    async (mechanism) => {
      const password = 'battery staple';
      const { error, lines } = await send(bySasl({ mechanism, username: 'agent', password }));
      expect(error).toMatchObject({ kind: 'authentication' });
      expect(`${error?.message}${error?.stack}${JSON.stringify(lines)}`).not.toContain(password);
      expect(lines.filter(({ level }) => level >= WARN)).toEqual([]);
    },
  );

  it('reads the token of oauthbearer anew for each login', async () => {
    const tokenFile = join(directory, 'token');
    const settings = bySasl({ mechanism: 'oauthbearer', tokenFile });
    writeFileSync(tokenFile, unsignedToken('agent', -60));
    const { error } = await send(settings);
    expect(error).toMatchObject({ kind: 'authentication' });
    expect(error?.message).toMatch(/the broker refuses the token \(\{"status":"invalid_token"/);
    writeFileSync(tokenFile, unsignedToken('agent', 600));
    expect(await send(settings)).not.toHaveProperty('error');
    rmSync(tokenFile);
    expect((await send(settings)).error?.message).toMatch(/ENOENT/);
  });

  it('says when it may not write', async () => {
    const { client } = await clientFor(cluster, bySasl({ mechanism: 'plain', username: 'agent', password: PASSWORD }));
    const other = await newTopic(admin);
    await expect(client.producer().send(other, records(0, 1))).rejects.toMatchObject({ kind: 'not-authorised' });
    await client.close();
  });

  it('does with the ACLs of the guide what agent and collector do, and nothing without', async () => {
    const user = (username: string) => bySasl({ mechanism: 'scram-sha-512', username, password: PASSWORD });
    const { client: agent } = await clientFor(cluster, user('agent'));
    const { client: collector } = await clientFor(cluster, user('collector'));
    const spec = {
      name: BATCHES_TOPIC,
      partitions: 1,
      replicationFactor: 1,
      retentionMs: -1,
      maxMessageBytes: 100_000,
    };
    const reading = read(collector, BATCHES_TOPIC, { group: 'tcewatch-collector' });
    const [before] = await collector.admin.ensureTopics([spec], true);
    expect(before?.message).toMatch(/cannot be created.*authoriz/i);

    for (const command of aclCommands()) await cluster.run(command);
    expect(await collector.admin.ensureTopics([spec], true)).toEqual([]);
    await agent.producer().send(BATCHES_TOPIC, records(0, 5));
    await until('all', () => hasAll(reading.values, 5));
    await reading.consumer.close();
    await expect(collector.producer().send(BATCHES_TOPIC, records(0, 1))).rejects.toMatchObject({
      kind: 'not-authorised',
    });
    await Promise.all([agent.close(), collector.close()]);
  });
});

/** Those of the guide, for the brokers of the cluster. */
function aclCommands(): string[] {
  const scripts = commandsFor('a broker').flatMap(({ commands }) => commands.map(({ script }) => script));
  const lines = scripts.flatMap((script) =>
    script
      .replaceAll(/\\\n\s*/g, ' ')
      .trim()
      .split('\n'),
  );
  return lines.map((line) => line.replace('--bootstrap-server broker:9092 ', ''));
}

/** As RFC 7515 has it for `alg: none`, which only a broker of tests takes. */
function unsignedToken(sub: string, validForSeconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub, iat: now - 120, exp: now + validForSeconds })}.`;
}
