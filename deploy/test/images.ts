/** The images of deploy/, built by image.sh and started from their root file systems. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PROGRAMS, has, must } from './tools.js';
import type { ProgramName } from './tools.js';

export type Architecture = 'amd64' | 'ppc64le';

interface ImageName {
  program: ProgramName;
  architecture: Architecture;
}

export const ALL: readonly ImageName[] = PROGRAMS.flatMap((program) =>
  (['amd64', 'ppc64le'] as const).map((architecture) => ({ program, architecture })),
);

/** What an image says of itself, in Docker's format. */
interface ImageFile {
  architecture: string;
  config: {
    User: string;
    Env: string[];
    Entrypoint: string[];
    Cmd: string[];
    Labels: Record<string, string>;
    Healthcheck: { Test: string[] };
  };
}

export interface Image extends ImageName {
  /** Directory of its root file system. */
  root: string;
  file: ImageFile;
}

/** Whether images can be built on this machine. */
export const canBuild =
  process.arch === 'x64' &&
  process.getuid?.() === 0 &&
  existsSync('/etc/debian_version') &&
  has('buildah', 'mmdebstrap', 'unshare');

/** All images, built at once; their files go to `directory`. */
export function buildAll(directory: string): Image[] {
  // Says of which of Debian's suites their bases are.
  process.stdout.write(must('bash', ['-c', 'deploy/test/image.sh "$@" 2>&1', 'bash', directory, ...ALL.map(nameOf)]));
  return ALL.map((image) => {
    const built = join(directory, nameOf(image));
    const { Docker } = JSON.parse(readFileSync(join(built, 'image.json'), 'utf8')) as { Docker: ImageFile };
    return { ...image, root: join(built, 'root'), file: Docker };
  });
}

function nameOf({ program, architecture }: ImageName): string {
  return `${program}-${architecture}`;
}

export interface Running {
  /** Of its server. */
  url: string;
  /** Runs a command beside it, as an engine does for a health check; resolves to its exit status. */
  run(command: readonly string[]): Promise<number | null>;
  /** Asks it to stop; resolves to its exit status. */
  stop(): Promise<number | null>;
}

/** Without a capability, or the hope of one. */
const NO_PRIVILEGE = ['--clear-groups', '--inh-caps=-all', '--bounding-set=-all', '--no-new-privs'];
const EMULATOR = 'qemu-ppc64le-static';
/** Whether programs for ppc64le can be run on this machine. */
export const canEmulate = has(EMULATOR);

/** As the image's user without privileges; emulated as root, since its base has no program that gives privileges up. */
function inside({ architecture, root, file: { config } }: Image, [name = '', ...args]: readonly string[]): string[] {
  if (architecture === 'ppc64le') {
    copyFileSync(must('which', [EMULATOR]).trim(), join(root, 'tmp', EMULATOR));
    return ['chroot', root, `/tmp/${EMULATOR}`, `/usr/bin/${name}`, ...args];
  }
  const [user, group] = config.User.split(':') as [string, string];
  return ['chroot', root, 'setpriv', '--reuid', user, '--regid', group, ...NO_PRIVILEGE, name, ...args];
}

/** With the image's environment and no other. */
function spawnIn(image: Image, outside: readonly [string, ...string[]], command: readonly string[]): ChildProcess {
  const env = Object.fromEntries(
    image.file.config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  const [program, ...args] = outside;
  return spawn(program, [...args, ...inside(image, command)], { env });
}

/** The image's program in namespaces of its own, as an engine starts it; `args` in place of the image's own. */
function spawnProgram(image: Image, args: readonly string[]): ChildProcess {
  const proc = join(image.root, 'proc');
  mkdirSync(proc, { recursive: true });
  const isolated = ['--mount', '--pid', '--fork', '--kill-child', `--mount-proc=${proc}`];
  return spawnIn(image, ['unshare', ...isolated], [...image.file.config.Entrypoint, ...args]);
}

/** Collects both outputs, line by line. */
function hear({ stdout, stderr }: ChildProcess, eachLine: (line: string) => void = () => undefined): string[] {
  const said: string[] = [];
  for (const stream of [stdout!, stderr!]) {
    createInterface(stream).on('line', (line) => {
      said.push(line);
      eachLine(line);
    });
  }
  return said;
}

/** Runs the image's program to its end. */
export async function runProgram(
  image: Image,
  args: readonly string[],
): Promise<{ status: number | null; said: string }> {
  const child = spawnProgram(image, args);
  const said = hear(child);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, said: said.join('\n') };
}

/** Starts the image's program; resolves when it says where it listens. */
export async function start(image: Image, args: readonly string[]): Promise<Running> {
  const child = spawnProgram(image, args);
  const ended = once(child, 'close') as Promise<[number | null]>;
  const url = await new Promise<string>((resolve, reject) => {
    const said = hear(child, (line) => {
      const listens = /(?:listening on |"url":")(http:\/\/127[^"\s]*)/.exec(line)?.[1];
      if (listens !== undefined) resolve(listens);
    });
    void ended.then(([status]) => {
      reject(new Error(`it ended with ${String(status)}: ${said.join('\n')}`));
    });
  });
  // unshare passes no signal on.
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  return {
    url,
    run: async (command) => {
      const beside = spawnIn(image, ['nsenter', `--target=${pid}`, '--mount', '--pid'], command);
      const [status] = (await once(beside, 'close')) as [number | null];
      return status;
    },
    stop: async () => {
      process.kill(pid, 'SIGTERM');
      return (await ended)[0];
    },
  };
}
