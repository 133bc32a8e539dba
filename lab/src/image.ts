/** The image of host and guests: built once by image/build.sh, and kept outside the repository. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LabError } from './errors.js';

/** Debian's suites by the kernel that they bring (6.1, 6.12 and twice 7.x), and the first after bookworm that has one to fetch. */
export const SUITES = ['bookworm', 'trixie', 'forky', 'sid', 'any'] as const;
export type Suite = (typeof SUITES)[number];

export interface Image {
  directory: string;
  /** Version of the kernel of host and guests. */
  kernel: string;
  /** Which of Debian's packages were taken, and which could not be had: a line each. */
  chosen: readonly string[];
}

const INPUTS = fileURLToPath(new URL('../image/', import.meta.url));
/** Chooses among Debian's packages. */
const CHOICE = fileURLToPath(new URL('../../scripts/debian.sh', import.meta.url));
const INSTALL_TOOLS = fileURLToPath(new URL('../install-tools.sh', import.meta.url));

/** Where images are kept: below XDG_CACHE_HOME, or ~/.cache. */
export function cacheDirectory(env: NodeJS.ProcessEnv): string {
  const base = env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'tcewatch', 'lab');
}

/** Names the image: the suite, and a hash of all that decides what it is but Debian's packages. */
export async function imageName(suite: Suite): Promise<string> {
  const hash = createHash('sha256');
  const files = (await readdir(INPUTS)).sort().map((file) => join(INPUTS, file));
  for (const file of [...files, CHOICE]) hash.update(`${basename(file)}\0`).update(await readFile(file));
  return `${suite}-${hash.digest('hex').slice(0, 16)}`;
}

/** Installs QEMU and what builds images, where they are not there yet. Rejects with LabError. */
export async function installTools(cache: string): Promise<void> {
  await mkdir(cache, { recursive: true });
  await runScript('what the lab needs could not be installed', [INSTALL_TOOLS], join(cache, 'tools.log'));
}

/** The image of the suite, built when it is not there; `rebuild` takes Debian's newest packages. Rejects with LabError. */
export async function provideImage(suite: Suite, cache: string, rebuild: boolean): Promise<Image> {
  const name = await imageName(suite);
  const directory = join(cache, name);
  if (rebuild || !(await isComplete(directory))) {
    const build = [join(INPUTS, 'build.sh'), suite, directory];
    await runScript('the image could not be built', build, join(cache, `${suite}.log`));
    await removeOthers(cache, suite, name);
  }
  const linesOf = async (file: string): Promise<string[]> =>
    (await readFile(join(directory, file), 'utf8')).trimEnd().split('\n');
  const [kernel = ''] = await linesOf('kernel');
  return { directory, kernel, chosen: await linesOf('chosen') };
}

async function isComplete(directory: string): Promise<boolean> {
  return readdir(directory).then(
    (files) => files.includes('kernel'),
    () => false,
  );
}

/** Runs bash, its output going to the file; rejects with LabError. */
export async function runScript(failure: string, command: readonly string[], logFile: string): Promise<void> {
  const log = await open(logFile, 'w');
  try {
    const child = spawn('bash', command, { stdio: ['ignore', log.fd, log.fd] });
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('close', resolve).once('error', reject),
    );
    if (code !== 0) {
      const end = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15).join('\n');
      throw new LabError(`${failure}; the end of ${logFile}:\n${end}`);
    }
  } finally {
    await log.close();
  }
}

/** Of each suite only the newest image is kept: they are large. */
async function removeOthers(cache: string, suite: Suite, keep: string): Promise<void> {
  for (const entry of await readdir(cache, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(`${suite}-`) || entry.name === keep) continue;
    await rm(join(cache, entry.name), { recursive: true });
  }
}
