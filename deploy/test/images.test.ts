/** The images, built for real and started from their root file systems. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { unpack } from '@tcewatch/recordings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canBuild, createBuilder } from './images.js';
import type { Builder, Image } from './images.js';
import { must } from './tools.js';

interface Running {
  /** Of its server. */
  url: string;
  stop(): Promise<void>;
}

/** Starts an image as an engine does: its user, environment and entry point, without a capability, in namespaces of its own. */
async function start({ root, config: { config } }: Image, args: readonly string[]): Promise<Running> {
  mkdirSync(join(root, 'proc'), { recursive: true });
  const [user, group] = config.User.split(':') as [string, string];
  const identity = ['--reuid', user, '--regid', group, '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
  const isolated = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${join(root, 'proc')}`];
  const child = spawn(
    'unshare',
    [...isolated, 'chroot', root, 'setpriv', ...identity, '--no-new-privs', 'env', '-i', ...config.Env].concat(
      config.Entrypoint,
      args,
    ),
  );
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface(stream).on('line', (line) => {
        said.push(line);
        const listens = /(?:listening on |"url":")(http:\/\/127[^"\s]*)/.exec(line)?.[1];
        if (listens !== undefined) resolve(listens);
      });
    }
    child.once('close', (status) => {
      reject(new Error(`it ended with ${String(status)}: ${said.join('\n')}`));
    });
  });
  return { url, stop: () => stop(child) };
}

/** Asks the program to stop, which unshare does not pass on, and waits for its end. */
async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'close');
  const pid = String(child.pid);
  process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')), 'SIGTERM');
  expect(await ended).toEqual([0, null]);
}

/** Paths of all files below, from there. */
function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
}

describe.skipIf(!canBuild)('images', () => {
  let builder: Builder;
  let agent: Image;
  let collector: Image;
  beforeAll(() => {
    builder = createBuilder();
    agent = builder.build('agent', 'amd64');
    collector = builder.build('collector', 'amd64');
  });
  afterAll(() => {
    builder.remove();
  });

  const local = ['--listen-address', '127.0.0.1', '--listen-port', '0'];

  it('start an agent, which counts a recording and is healthy', async () => {
    const recording = await unpack('fallback-6.1');
    must('cp', ['-r', recording, join(agent.root, 'recording')]);
    const replay = ['run', '--source', 'replay', '--replay-directory', '/recording', '--host-id', 'recorded', ...local];
    const running = await start(agent, replay);
    try {
      expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
      expect(await (await fetch(`${running.url}/metrics`)).text()).toContain('tcewatch_agent_');
    } finally {
      await running.stop();
    }
  });

  it('start a collector with the embedded ClickHouse, not as root', async () => {
    expect(collector.config.config.User).toBe('65532:65532');
    const running = await start(collector, ['run', ...local]);
    try {
      expect((await fetch(`${running.url}/healthz`)).status).toBe(200);
      expect((await fetch(`${running.url}/readyz`)).status).toBe(200);
      expect((await fetch(`${running.url}/runbooks/TceAccelerationLost`)).status).toBe(200);
    } finally {
      await running.stop();
    }
  });

  it('are labelled, and start their program by default', () => {
    for (const { config } of [agent, collector]) {
      expect(config.config.Cmd).toEqual(['run']);
      expect(config.config.Labels).toMatchObject({
        'org.opencontainers.image.title': expect.stringContaining('tcewatch-') as string,
        'org.opencontainers.image.licenses': 'Apache-2.0',
        'org.opencontainers.image.version': '0.1.0',
      });
    }
  });

  it('hold no tests, tools or sources, and list all that they hold', () => {
    for (const { root } of [agent, collector]) {
      const program = join(root, 'opt/tcewatch');
      const files = filesBelow(program);
      expect(files.filter((file) => /^(agent|collector|config|kafka|protocol)\/(src|test)\b/.test(file))).toEqual([]);
      const packages = files
        .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(file))
        .map((file) => JSON.parse(readFileSync(join(program, file), 'utf8')) as { name: string; version: string })
        .map(({ name, version }) => `${name}@${version}`);
      const { components } = JSON.parse(readFileSync(join(program, 'sbom.cdx.json'), 'utf8')) as {
        components: { name: string; version: string }[];
      };
      const listed = components.map(({ name, version }) => `${name}@${version}`);
      expect(packages.length).toBeGreaterThan(100);
      expect([...new Set(packages)].filter((name) => !name.startsWith('@tcewatch/') && !listed.includes(name))).toEqual(
        [],
      );
    }
  });
});
