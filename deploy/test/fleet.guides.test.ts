/**
 * What the runbooks and the guide of Kafka have an operator ask, asked of a fleet on loopback: brokers, a collector with its
 * ClickHouse, an agent that replays a recording. Other machines and their journals are played: `ssh` runs a command here, and
 * `journalctl` and `systemctl` know no more than which units there are.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { freePorts, missingForBroker, KafkaCluster } from '@tcewatch/testing/kafka';
import { REPOSITORY, commandsFor } from '@tcewatch/testing/pages';
import { ready, startOurs } from '@tcewatch/testing/programs';
import type { Program } from '@tcewatch/testing/programs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROGRAMS, has } from './tools.js';

const UNIT = `#!/bin/sh
for word; do case $word in tcewatch-*) exec test -e ${REPOSITORY}deploy/systemd/$word.service; esac; done
`;
const PLAYED = {
  ssh: '#!/bin/sh\nshift\nexec "$@"\n',
  ping: '#!/bin/sh\necho "$@"\n',
  systemctl: UNIT,
  journalctl: UNIT,
  ...Object.fromEntries(
    PROGRAMS.map((name) => {
      const program = `${REPOSITORY}${name}/bin/tcewatch-${name}.js`;
      return [`tcewatch-${name}`, `#!/bin/sh\nexec ${process.execPath} ${program} "$@"\n`];
    }),
  ),
};
/** What says nothing where all is well, or is only played. */
const MAY_BE_SILENT = /journalctl|systemctl|--create --topic/;

const canRun = has('curl') && missingForBroker().length === 0;
const pages = commandsFor('a fleet');

/** One for each line, with those that it goes on in. */
function linesOf(script: string): string[] {
  return script
    .replaceAll(/\\\n\s*/g, ' ')
    .trim()
    .split('\n');
}

describe.skipIf(!canRun)('in a fleet', () => {
  const work = mkdtempSync(join(tmpdir(), 'tcewatch-fleet-'));
  const bin = join(work, 'bin');
  let cluster: KafkaCluster;
  let programs: Program[] = [];
  let fill: (command: string) => string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    mkdirSync(bin);
    // A replay has no outbox of its own.
    mkdirSync(join(work, 'outbox'));
    for (const [name, text] of Object.entries(PLAYED)) writeFileSync(join(bin, name), text, { mode: 0o755 });
    cluster = await KafkaCluster.start({ brokers: 3 });
    cluster.writeTools(bin);
    const [agent = 0, collector = 0, clickhouse = 0] = await freePorts(3);
    const brokers = cluster.addresses().join(',');
    env = {
      ...process.env,
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      CLICKHOUSE_URL: `http://reader:word@127.0.0.1:${clickhouse}`,
    };
    fill = (command) =>
      command
        .replaceAll(/(HOST|localhost):9914/g, `127.0.0.1:${agent}`)
        .replaceAll(/(COLLECTOR|localhost):9915/g, `127.0.0.1:${collector}`)
        .replaceAll(/(BROKER|broker):9092/g, brokers)
        .replaceAll('RECEIVER', `127.0.0.1:${collector}/healthz`)
        .replaceAll(/DIRECTORY|\/var\/lib\/tcewatch/g, work);
    // The topics are those of the guide.
    for (const { commands } of pages.slice(0, 1)) ask(commands[0]?.script ?? '');

    const embedded = { directory: join(work, 'clickhouse'), port: clickhouse, reader: { password: 'word' } };
    const kafka = { brokers: cluster.addresses() };
    const settings = {
      collector: { kafka, listen: { port: collector }, clickhouse: { embedded } },
      agent: {
        ...{ kafka, transport: 'kafka', listen: { port: agent } },
        ...{ source: 'replay', replay: { directory: await unpack('vfio-7.2') } },
      },
    };
    programs = PROGRAMS.map((name) => {
      const file = join(work, `${name}.yaml`);
      writeFileSync(file, JSON.stringify(settings[name]));
      return startOurs(name, ['run', '--config', file]);
    });
    for (const port of [agent, collector]) await ready(`http://127.0.0.1:${port}/readyz`);
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.end()));
    await cluster.close();
    rmSync(work, { recursive: true });
  });

  /** Each line does as it is meant: nothing is wrong with it, and it tells something. */
  function ask(script: string): void {
    for (const line of linesOf(script).map(fill)) {
      const { stdout, stderr } = spawnSync('bash', ['-c', line], { env, encoding: 'utf8' });
      expect(stderr, line).toBe('');
      if (!MAY_BE_SILENT.test(line)) expect(stdout, line).not.toBe('');
    }
  }

  it.each(pages)('$page has commands that tell something', ({ page, commands }) => {
    for (const { script } of page === 'docs/guides/kafka.md' ? commands.slice(1) : commands) ask(script);
  });
});

describe('the commands', () => {
  const lines = pages.flatMap(({ commands }) => commands.flatMap(({ script }) => linesOf(script)));
  const metrics = readFileSync(`${REPOSITORY}docs/reference/metrics.md`, 'utf8').match(/tcewatch_\w+/g) ?? [];
  const sought = lines.flatMap((line) => /\/metrics \| grep (?:-E )?'?([^' ]+)/.exec(line)?.[1] ?? []);

  it.each([...new Set(sought)])('look for metrics that there are: %s', (pattern) => {
    const [, before = '', choice = '', after = ''] = /^([^(]*?)\(?([^()]*)\)?([^)]*?)$/.exec(pattern) ?? [];
    const each = choice.split('|').map((one) => new RegExp(before + one + after));
    expect(each.filter((one) => !metrics.some((metric) => one.test(metric)))).toEqual([]);
  });
});
