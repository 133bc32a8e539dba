/** What is taken from a mirror that lists more than it has (scripts/debian.sh): the lab's kernel, and root file systems. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it as plain } from 'vitest';
import { canBuild } from './images.js';
import { startMirror } from './mirror.js';
import type { Mirror, Package } from './mirror.js';
import { REPOSITORY } from './tools.js';

interface Said {
  status: number | null;
  out: string;
  errors: string;
}

/** Runs in the repository; unlike `run` of tools.ts it lets this process serve meanwhile. */
async function run(command: readonly string[], env: Readonly<Record<string, string>>): Promise<Said> {
  const child = spawn('bash', command, { cwd: REPOSITORY, env: { ...process.env, ...env } });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { status, out, errors };
}

interface Fixture {
  directory: string;
  mirror: (suites: Record<string, Package[]>, architecture?: string) => Promise<Mirror>;
}

const it = plain.extend<Fixture>({
  // eslint-disable-next-line no-empty-pattern -- vitest reads the names of fixtures from the pattern
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'tcewatch-debian-'));
    await use(directory);
    rmSync(directory, { recursive: true });
  },
  mirror: async ({ directory }, use) => {
    const started: Mirror[] = [];
    await use(async (suites, architecture = 'ppc64el') => {
      const mirror = await startMirror(directory, architecture, suites);
      started.push(mirror);
      return mirror;
    });
    for (const mirror of started) mirror.close();
  },
});

describe.skipIf(!canBuild)("the lab's kernel", () => {
  const image = (version: string, absent = false): Package => ({
    name: `linux-image-${version}-powerpc64le-64k`,
    file: `boot/vmlinux-${version}-powerpc64le-64k`,
    absent,
  });
  /** As kernels of 7.x are: spread over four packages. */
  const parts = (version: string, absent?: string): Package[] =>
    ['image', 'binary', 'modules', 'base'].map((part) => ({
      name: `linux-${part}-${version}-powerpc64le-64k`,
      file: `usr/lib/modules/${version}-powerpc64le-64k/of-${part}`,
      absent: part === absent,
    }));

  async function fetchKernel(mirror: Mirror, suite: string, directory: string) {
    const to = mkdtempSync(join(directory, 'kernel-'));
    const { status, out, errors } = await run(['lab/image/kernel.sh', suite, to], { DEBIAN_MIRROR: mirror.url });
    expect(errors).toBe('');
    const kernel = status === 0 ? readFileSync(join(to, 'kernel'), 'utf8').trim() : undefined;
    return { status, out, kernel, unpacked: (file: string) => existsSync(join(to, 'unpacked', file)) };
  }

  it('is the newest of the suite', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: [image('6.12.9+deb13'), image('6.12.10+deb13')] });
    const { out, kernel, unpacked } = await fetchKernel(server, 'trixie', directory);
    expect(out).toBe("takes trixie's kernel: 6.12.10+deb13-powerpc64le-64k\n");
    expect(kernel).toBe('6.12.10+deb13-powerpc64le-64k');
    expect(unpacked('boot/vmlinux-6.12.10+deb13-powerpc64le-64k')).toBe(true);
  });

  it('is the one before, where the mirror does not have the newest', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: [image('6.12.9+deb13'), image('6.12.10+deb13', true)] });
    const { out, kernel, unpacked } = await fetchKernel(server, 'trixie', directory);
    expect(out).toBe(
      "takes trixie's kernel: 6.12.9+deb13-powerpc64le-64k; not to be had: 6.12.10+deb13-powerpc64le-64k " +
        '(linux-image-6.12.10+deb13-powerpc64le-64k_1_ppc64el.deb: 404 Not Found)\n',
    );
    expect(kernel).toBe('6.12.9+deb13-powerpc64le-64k');
    expect(unpacked('boot/vmlinux-6.12.9+deb13-powerpc64le-64k')).toBe(true);
  });

  it('is of the next suite, with all its parts, where any will do', async ({ directory, mirror }) => {
    const server = await mirror({
      trixie: [image('6.12.9+deb13', true), image('6.12.10+deb13', true)],
      forky: [...parts('7.2.1'), ...parts('7.2.2', 'base')],
    });
    const { out, kernel, unpacked } = await fetchKernel(server, 'any', directory);
    expect(out).toContain(`cannot have trixie's kernel at ${server.url}: 6.12.10+deb13-powerpc64le-64k (linux-image-`);
    expect(out).toContain(
      "takes forky's kernel: 7.2.1-powerpc64le-64k; not to be had: 7.2.2-powerpc64le-64k " +
        '(linux-base-7.2.2-powerpc64le-64k_1_ppc64el.deb: 404 Not Found)\n',
    );
    expect(kernel).toBe('7.2.1-powerpc64le-64k');
    for (const part of ['binary', 'modules', 'base']) {
      expect(unpacked(`usr/lib/modules/7.2.1-powerpc64le-64k/of-${part}`)).toBe(true);
      expect(unpacked(`usr/lib/modules/7.2.2-powerpc64le-64k/of-${part}`)).toBe(false);
    }
  });

  it('is of no other suite than the one that was asked for', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: [image('6.12.9+deb13', true)], forky: parts('7.2.1') });
    const { status, out } = await fetchKernel(server, 'trixie', directory);
    expect(status).toBe(1);
    expect(out).toBe(
      `cannot have trixie's kernel at ${server.url}: 6.12.9+deb13-powerpc64le-64k ` +
        '(linux-image-6.12.9+deb13-powerpc64le-64k_1_ppc64el.deb: 404 Not Found)\n',
    );
  });

  it('cannot be had where the mirror has no such suite, or no such kernel in it', async ({ directory, mirror }) => {
    const server = await mirror({ forky: [{ name: 'linux-image-7.2.1-powerpc64le' }] });
    const { status, out } = await fetchKernel(server, 'any', directory);
    expect(status).toBe(1);
    const [trixie, forky, sid] = out.split('\n');
    expect(trixie).toContain(`cannot have the index of trixie at ${server.url}: `);
    expect(trixie).toContain('404 Not Found');
    expect(forky).toBe(`there is no ppc64el kernel with 64K pages in forky at ${server.url}`);
    expect(sid).toContain(`cannot have the index of sid at ${server.url}: `);
  });
});

describe.skipIf(!canBuild)('the base of the images', () => {
  const base = (absent: string[] = []): Package[] =>
    ['base-files', 'nodejs', 'ca-certificates'].map((name) => ({ name, absent: absent.includes(name) }));
  const makeBase = (mirror: Mirror, HOME: string) =>
    run(['deploy/test/base.sh', 'ppc64el'], { DEBIAN_MIRROR: mirror.url, HOME });

  it('is of the next suite where the mirror does not have a package, and made once', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: base(['nodejs', 'ca-certificates']), forky: base(), sid: base() });
    const { status, out, errors } = await makeBase(server, directory);
    expect(errors).toMatch(
      /^takes Debian for ppc64el: forky; not to be had: trixie \((nodejs|ca-certificates)_1_ppc64el\.deb: 404 Not Found, and 1 more\)\n$/,
    );
    expect(status).toBe(0);
    expect(existsSync(out.trim())).toBe(true);
    const asked = server.asked.length;
    expect(server.asked.filter((path) => path.startsWith('pool/sid/'))).toEqual([]);
    expect(await makeBase(server, directory)).toEqual({ status, out, errors });
    expect(server.asked).toHaveLength(asked);
  });

  it('cannot be had where no suite has it', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: base(['nodejs']), forky: base(['nodejs']), sid: base(['base-files']) });
    const { status, out, errors } = await makeBase(server, directory);
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(errors).toBe(
      `cannot have Debian for ppc64el at ${server.url}: trixie (nodejs_1_ppc64el.deb: 404 Not Found); ` +
        'forky (nodejs_1_ppc64el.deb: 404 Not Found); sid (base-files_1_ppc64el.deb: 404 Not Found)\n',
    );
  });
});

describe.skipIf(!canBuild)('packages for this machine', () => {
  /** Holds locks as apt does until its standard input is closed. */
  const HOLD = `use Fcntl; my ($lock, @held) = pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0);
    for (@ARGV) { open(my $file, '>', $_) or die; fcntl($file, F_SETLK, $lock) or die; push @held, $file; }
    $| = 1; print 'held'; <STDIN>;`;

  it('wait for another apt, and why they cannot be installed is said', async ({ directory, mirror }) => {
    const server = await mirror({ trixie: [{ name: 'tool', absent: true }] }, 'amd64');
    // An apt with a state of its own: nothing of this machine's is touched, and nothing is known to be installed.
    for (const folder of ['lists/partial', 'dpkg', 'archives/partial', 'tmp']) {
      mkdirSync(join(directory, folder), { recursive: true });
    }
    writeFileSync(join(directory, 'dpkg/status'), '');
    writeFileSync(join(directory, 'sources.list'), `deb [trusted=yes] ${server.url} trixie main\n`);
    const settings = {
      'Dir::Etc::sourcelist': 'sources.list',
      'Dir::Etc::sourceparts': 'none',
      'Dir::State::Lists': 'lists',
      'Dir::State::status': 'dpkg/status',
      'Dir::Cache::Archives': 'archives',
    };
    const lines = Object.entries(settings).map(([name, path]) => `${name} "${join(directory, path)}";\n`);
    writeFileSync(join(directory, 'apt.conf'), lines.join(''));

    const locks = ['dpkg/lock-frontend', 'lists/lock'].map((file) => join(directory, file));
    const other = spawn('perl', ['-e', HOLD, ...locks]);
    await new Promise((resolve, reject) => {
      other.stdout.once('data', resolve);
      other.once('close', () => {
        reject(new Error('the locks cannot be held'));
      });
    });
    const TMPDIR = join(directory, 'tmp');
    const state = { ended: false };
    const install = run(['-c', '. scripts/debian.sh && install_packages tool'], {
      APT_CONFIG: join(directory, 'apt.conf'),
      TMPDIR,
    }).finally(() => (state.ended = true));
    const logs = () =>
      readdirSync(TMPDIR, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('/log'));
    const waits = () =>
      logs().some((log) => readFileSync(join(TMPDIR, log), 'utf8').includes('Waiting for cache lock'));
    while (!state.ended && !waits()) await sleep(20);
    expect(state.ended).toBe(false);
    other.stdin.end();

    const { status, out, errors } = await install;
    expect(out).toBe('installs tool\n');
    expect(errors).toMatch(/^apt-get could not install tool; its last lines:\n/);
    expect(errors).toMatch(/Failed to fetch .*tool_1_amd64\.deb {2}404 {2}Not Found/);
    expect(status).toBe(1);
  });
});
