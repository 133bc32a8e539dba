/**
 * The recordings of real ppc64le KVM hosts that tests, benchmarks and the demo run on: kept compressed in `data/`, unpacked
 * when they are first asked for. README.md says what each of them shows.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { extract } from 'tar';

const DATA = fileURLToPath(new URL('../data/', import.meta.url));
/** Beside the installed packages: never committed, and gone when they are. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/tcewatch/recordings/', import.meta.url));
const SUFFIX = '.tar.br';

/** The names that {@link unpack} takes, for instance `vfio-7.2`. */
export async function recordings(): Promise<string[]> {
  const files = await readdir(DATA);
  return files
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/**
 * The directory of an unpacked recording, which holds hist/, root-*, ring/ and so on; unpacked once for each version of
 * the archive. Throws for an unknown name, with those that there are. Whoever changes a file in it changes it for all:
 * copy first.
 */
export async function unpack(name: string): Promise<string> {
  const known = await recordings();
  if (!known.includes(name)) throw new Error(`there is no recording ${name}; there are: ${known.join(', ')}`);
  const archive = join(DATA, name + SUFFIX);
  const digest = createHash('sha256')
    .update(await readFile(archive))
    .digest('hex')
    .slice(0, 16);
  const target = join(CACHE, `${name}-${digest}`);
  if (!(await exists(target))) await unpackInto(archive, target);
  return join(target, name);
}

/** Unpacks beside the target and moves it there at the end, so that nobody ever sees half of it. */
async function unpackInto(archive: string, target: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const half = await mkdtemp(`${target}.`);
  try {
    // Links of recorded processes point at what their descriptors were; they are kept as they are.
    const files = extract({ cwd: half, preservePaths: true });
    await pipeline(createReadStream(archive), createBrotliDecompress(), files);
    await rename(half, target);
  } catch (error) {
    await rm(half, { recursive: true, force: true });
    // Somebody else unpacked the same recording at the same time.
    if (!(await exists(target))) throw error;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
