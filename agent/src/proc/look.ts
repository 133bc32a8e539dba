/**
 * Reading of what lies below a root directory, where anything may vanish or be forbidden: what is not there is undefined,
 * and what may not be read is undefined and leaves a problem that says what to do about it.
 */
import { readFile, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** What a look found at one path. */
export type Found =
  { kind: 'text'; text: string } | { kind: 'names'; names: readonly string[] } | { kind: 'link'; target: string };

/** Files of one kind that could not be read: the first of them by name, what is wrong with it, and whether there are others. */
interface Trouble {
  path: string;
  message: string;
  others: boolean;
}

/** One look at a host; collects what went wrong. */
export interface Look {
  /** `/`, or the directory of a recorded host. */
  readonly root: string;
  /** By kind of path. */
  readonly trouble: Map<string, Trouble>;
  /** Told of everything that is found; paths are without the leading slash. */
  readonly onFound?: (path: string, found: Found) => void;
}

export function lookAt(root: string, onFound?: Look['onFound']): Look {
  return { root, trouble: new Map(), ...(onFound && { onFound }) };
}

/**
 * One sentence for each kind of path. The same trouble gives the same sentence at each look, whichever of several files
 * was refused first and however many there are by now: it is logged when it changes.
 */
export function problemsOf({ trouble }: Look): string[] {
  return [...trouble.values()].map(
    ({ path, message, others }) => `cannot read ${path}${others ? ' and others like it' : ''}: ${message}`,
  );
}

/** The file as text; paths are without the leading slash. */
export function text(look: Look, path: string): Promise<string | undefined> {
  return attempt(
    look,
    path,
    (file) => readFile(file, 'utf8'),
    (text) => ({ kind: 'text', text }),
  );
}

/** The names in a directory. */
export function names(look: Look, path: string): Promise<string[] | undefined> {
  return attempt(
    look,
    path,
    (directory) => readdir(directory),
    (names) => ({ kind: 'names', names }),
  );
}

/** What a symbolic link says. */
export function link(look: Look, path: string): Promise<string | undefined> {
  return attempt(
    look,
    path,
    (file) => readlink(file),
    (target) => ({ kind: 'link', target }),
  );
}

async function attempt<T>(
  look: Look,
  path: string,
  read: (path: string) => Promise<T>,
  found: (value: T) => Found,
): Promise<T | undefined> {
  try {
    const value = await read(join(look.root, path));
    look.onFound?.(path, found(value));
    return value;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // Processes end while they are looked at: ESRCH from an open file of theirs, ENOENT from all others.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return undefined;
    const advice = code === 'EACCES' || code === 'EPERM' ? adviceFor(path) : message;
    note(look, `${code} ${path.replace(/\d+/g, '0')}`, { path: `/${path}`, message: advice, others: false });
    return undefined;
  }
}

function note({ trouble }: Look, kind: string, found: Trouble): void {
  const known = trouble.get(kind) ?? found;
  const first = known.path <= found.path ? known : found;
  trouble.set(kind, { ...first, others: known.others || known.path !== found.path });
}

function adviceFor(path: string): string {
  return path.startsWith('proc/')
    ? 'permission denied; run the agent as root, or grant it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH'
    : 'permission denied; run the agent as root, or grant it CAP_DAC_READ_SEARCH';
}
