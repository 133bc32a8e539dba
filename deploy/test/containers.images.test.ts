/** The images, built for real and started from their root file systems. */
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpack } from '@tcewatch/recordings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL, buildAll, canBuild, canEmulate, runProgram, start } from './images.js';
import type { Architecture, Image, Running } from './images.js';
import { REPOSITORY } from './tools.js';
import type { ProgramName } from './tools.js';

const LOCAL = ['--listen-address', '127.0.0.1', '--listen-port', '0'];
const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };

/** `readelf`'s names of machines. */
const MACHINES = { amd64: 0x3e, ppc64le: 0x15 } as const;

/** What program an ELF file is for. */
function machineOf(file: string): number {
  return readFileSync(file).readUInt16LE(18);
}

async function status(url: string): Promise<number> {
  return (await fetch(url)).status;
}

describe.skipIf(!canBuild)('images', () => {
  const directory = canBuild ? mkdtempSync(join(tmpdir(), 'tcewatch-images-')) : '';
  let images: Image[];
  const image = (program: ProgramName, architecture: Architecture): Image =>
    images.find((one) => one.program === program && one.architecture === architecture)!;

  beforeAll(() => {
    images = buildAll(directory);
  }, 3_600_000);
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  async function whileRunning(
    one: Image,
    args: readonly string[],
    action: (running: Running) => Promise<void>,
  ): Promise<void> {
    const running = await start(one, args);
    try {
      await action(running);
    } catch (error) {
      await running.stop();
      throw error;
    }
    expect(await running.stop()).toBe(0);
  }

  /** The image's own health check asks at the port that it exposes: what it asks, at another. */
  function healthCheck({ file }: Image, { url }: Running): string[] {
    const [kind, ...command] = file.config.Healthcheck.Test;
    expect(kind).toBe('CMD');
    return command.map((word) => word.replace(/127\.0\.0\.1:\d+/, new URL(url).host));
  }

  /** Copies a recording of a host to where its agent finds it, and gives the arguments to read it with. */
  async function replayIn({ root }: Image): Promise<string[]> {
    cpSync(await unpack('fallback-6.1'), join(root, 'recording'), { recursive: true });
    return ['run', '--source', 'replay', '--replay-directory', '/recording', '--host-id', 'recorded', ...LOCAL];
  }

  it('start an agent without a capability, which counts a recording and is healthy', async () => {
    const agent = image('agent', 'amd64');
    await whileRunning(agent, await replayIn(agent), async (running) => {
      expect(await status(`${running.url}/healthz`)).toBe(200);
      expect(await (await fetch(`${running.url}/metrics`)).text()).toMatch(/^tcewatch_agent_/m);
      expect(await running.run(healthCheck(agent, running))).toBe(0);
    });
  });

  it('start a collector with the embedded ClickHouse, its page and runbooks, not as root', async () => {
    const collector = image('collector', 'amd64');
    expect(collector.file.config.User).toBe('65532:65532');
    await whileRunning(collector, ['run', ...LOCAL], async (running) => {
      const { url } = running;
      expect(await status(`${url}/healthz`)).toBe(200);
      expect(await status(`${url}/readyz`)).toBe(200);
      expect(await status(`${url}/runbooks/TceAccelerationLost`)).toBe(200);
      expect(await status(`${url}/`)).toBe(200);
      const check = healthCheck(collector, running);
      expect(await running.run(check)).toBe(0);
      expect(await running.run(check.map((word) => word.replace('/healthz', '/nowhere')))).toBe(1);
    });
  });

  it.skipIf(!canEmulate)('start an agent for ppc64le, emulated', async () => {
    const agent = image('agent', 'ppc64le');
    await whileRunning(agent, await replayIn(agent), async ({ url }) => {
      expect(await status(`${url}/healthz`)).toBe(200);
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^tcewatch_agent_/m);
    });
  });

  // By the other image's node, since the emulator starts no program that an emulated one wants to start.
  it('have no embedded ClickHouse for ppc64le, and say what to do', async () => {
    const collector = image('collector', 'amd64');
    cpSync(join(image('collector', 'ppc64le').root, 'opt/tcewatch'), join(collector.root, 'opt/foreign'), {
      recursive: true,
      verbatimSymlinks: true,
    });
    const { config } = collector.file;
    const Entrypoint = config.Entrypoint.map((word) => word.replace('/opt/tcewatch/', '/opt/foreign/'));
    const foreign = { ...collector, file: { ...collector.file, config: { ...config, Entrypoint } } };
    const { status: ended, said } = await runProgram(foreign, ['run', ...LOCAL]);
    expect(ended).not.toBe(0);
    expect(said).toContain('(npm package chdb) cannot be loaded on');
    expect(said).toContain('give the URL of a ClickHouse server instead (clickhouse.url)');
  });

  describe.each(ALL)('of the $program for $architecture', ({ program, architecture }) => {
    it('say what they are, and start their program by default', () => {
      const { file, root } = image(program, architecture);
      expect(file.architecture).toBe(architecture);
      expect(machineOf(join(root, 'usr/bin/node'))).toBe(MACHINES[architecture]);
      expect(file.config).toMatchObject({
        User: { agent: '0:0', collector: '65532:65532' }[program],
        Cmd: ['run'],
        Labels: {
          'org.opencontainers.image.title': `tcewatch-${program}`,
          'org.opencontainers.image.licenses': 'Apache-2.0',
          'org.opencontainers.image.version': version,
          'org.opencontainers.image.revision': 'unknown',
        },
      });
      expect(file.config.Healthcheck.Test.join(' ')).toContain('/healthz');
      // What was lent to the stage that builds is not part of it.
      expect(file.config.Env.filter((line) => line.includes('CA_CERTS'))).toEqual([]);
    });

    it('hold no tests, tools or sources, and list all that they hold', () => {
      const opt = join(image(program, architecture).root, 'opt/tcewatch');
      const files = readdirSync(opt, { recursive: true, encoding: 'utf8' });
      expect(files.filter((file) => /^(?!node_modules)[a-z]+\/(src|test)\b/.test(file))).toEqual([]);
      const packages = files
        .filter((file) => /(^|\/)node_modules\/(@[^/]+\/)?[^/@]+\/package\.json$/.test(file))
        .map((file) => JSON.parse(readFileSync(join(opt, file), 'utf8')) as { name: string; version: string })
        .map(({ name, version }) => `${name}@${version}`)
        .filter((name) => !name.startsWith('@tcewatch/'));
      const { components } = JSON.parse(readFileSync(join(opt, 'sbom.cdx.json'), 'utf8')) as {
        components: { name: string; version: string }[];
      };
      const listed = components.map(({ name, version }) => `${name}@${version}`);
      expect(packages.length).toBeGreaterThan(100);
      expect([...new Set(packages)].filter((name) => !listed.includes(name))).toEqual([]);
      // Workspaces are listed by their folders.
      const own = readdirSync(opt).map((folder) => `${folder}@${version}`);
      expect(listed.filter((name) => !packages.includes(name) && !own.includes(name))).toEqual([]);
      expect(packages.filter((name) => /^(typescript|vite|vitest|eslint)@/.test(name))).toEqual([]);
      const engine = program === 'collector' && architecture === 'amd64';
      expect(existsSync(join(opt, 'node_modules/chdb'))).toBe(engine);
    });

    it('hold programs of their own machine alone', () => {
      const modules = join(image(program, architecture).root, 'opt/tcewatch/node_modules');
      const native = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter((file) =>
        file.endsWith('.node'),
      );
      const others = native.filter((file) => machineOf(join(modules, file)) !== MACHINES[architecture]);
      expect(others).toEqual([]);
    });
  });
});
