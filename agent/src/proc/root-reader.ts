/**
 * Reads files below a root directory, where anything may vanish or be forbidden: what is not there is undefined, and what may not be read is undefined and leaves a problem that says what to do about it.
 *
 * procfs answers from memory, within microseconds; another thread takes several times the processor time, and a host with 50
 * VMs has thousands of descriptors. So everything is read synchronously, but for files on which the kernel may wait.
 */
import { closeSync, openSync, read, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { promisify } from 'node:util';

const readFrom = promisify(read);
/** Initial size of the buffer, enough for the command line of most QEMUs. */
const ASIDE_BYTES = 8 * 1024;

/** Contents of one path, as they were read. */
export type Found =
  { kind: 'text'; text: string } | { kind: 'names'; names: readonly string[] } | { kind: 'link'; target: string };

/** Files of one kind that could not be read: the first of them by name, what is wrong with it, and whether there are others. */
interface Trouble {
  path: string;
  message: string;
  others: boolean;
}

/** A reader of one host at one instant; collects what went wrong. */
export interface RootReader {
  /** Directory below which everything is read: `/`, or that of a recorded host. */
  readonly root: string;
  /** Files that could not be read, by kind of path. */
  readonly trouble: Map<string, Trouble>;
  /** Called with everything that is found; paths are without the leading slash. */
  readonly onFound?: (path: string, found: Found) => void;
}

export function openRoot(root: string, onFound?: RootReader['onFound']): RootReader {
  return { root, trouble: new Map(), ...(onFound && { onFound }) };
}

/**
 * Returns one sentence for each kind of path. The same trouble gives the same sentence each time, whichever of several
 * files was refused first and however many there are by now: it is logged when it changes.
 */
export function problemsOf({ trouble }: RootReader): string[] {
  return [...trouble.values()].map(
    ({ path, message, others }) => `cannot read ${path}${others ? ' and others like it' : ''}: ${message}`,
  );
}

/** Reads a file as text; paths are without the leading slash. */
export function text(reader: RootReader, path: string): Promise<string | undefined> {
  return Promise.resolve(attempt(reader, path, (file) => readFileSync(file, 'utf8'), asText));
}

/**
 * Reads a file as text in another thread: for one that is long, or for which the kernel waits until a process has
 * changed its memory map.
 */
export async function textAside(reader: RootReader, path: string): Promise<string | undefined> {
  try {
    const text = await readAside(at(reader, path));
    return attempt(reader, path, () => text, asText);
  } catch (error) {
    failed(reader, path, error);
    return undefined;
  }
}

/**
 * Reads in another thread. Only the read can be slow, so only it is offloaded: each call in another thread costs as
 * much as all that is done here.
 */
async function readAside(path: string): Promise<string> {
  const file = openSync(path, 'r');
  try {
    let buffer = Buffer.allocUnsafe(ASIDE_BYTES);
    for (let length = 0; ;) {
      const { bytesRead } = await readFrom(file, buffer, length, buffer.length - length, null);
      if (bytesRead === 0) return buffer.toString('utf8', 0, length);
      length += bytesRead;
      if (length === buffer.length) buffer = Buffer.concat([buffer], 2 * length);
    }
  } finally {
    closeSync(file);
  }
}

/** Lists the names in a directory. */
export function names(reader: RootReader, path: string): Promise<string[] | undefined> {
  return Promise.resolve(attempt(reader, path, (directory) => readdirSync(directory), asNames));
}

/** Reads the target of a symbolic link. */
export function link(reader: RootReader, path: string): Promise<string | undefined> {
  return Promise.resolve(attempt(reader, path, (file) => readlinkSync(file), asLink));
}

/** Reads the targets of all entries of a directory of symbolic links; undefined for an entry that is none. */
export function links(reader: RootReader, path: string): Promise<(string | undefined)[] | undefined> {
  const files = attempt(reader, path, (directory) => readdirSync(directory), asNames);
  return Promise.resolve(
    files?.map((name) => attempt(reader, `${path}/${name}`, (file) => readlinkSync(file), asLink)),
  );
}

const asText = (text: string): Found => ({ kind: 'text', text });
const asNames = (names: readonly string[]): Found => ({ kind: 'names', names });
const asLink = (target: string): Found => ({ kind: 'link', target });

/** Returns the full path of one without the leading slash. Not by `join`, which takes longer than to read a link. */
const at = ({ root }: RootReader, path: string): string => `${root}/${path}`;

function attempt<T>(
  reader: RootReader,
  path: string,
  read: (path: string) => T,
  found: (value: T) => Found,
): T | undefined {
  try {
    const value = read(at(reader, path));
    reader.onFound?.(path, found(value));
    return value;
  } catch (error) {
    failed(reader, path, error);
    return undefined;
  }
}

/** Records the trouble, if the error is any. */
function failed(reader: RootReader, path: string, error: unknown): void {
  const { code, message } = error as NodeJS.ErrnoException;
  // Processes end while they are read: ESRCH from an open file of theirs, ENOENT from all others.
  if (code === 'ENOENT' || code === 'ESRCH' || code === 'ENOTDIR') return;
  const advice = code === 'EACCES' || code === 'EPERM' ? adviceFor(path) : message;
  note(reader, `${code} ${path.replace(/\d+/g, '0')}`, { path: `/${path}`, message: advice, others: false });
}

function note({ trouble }: RootReader, kind: string, found: Trouble): void {
  const known = trouble.get(kind) ?? found;
  const first = known.path <= found.path ? known : found;
  trouble.set(kind, { ...first, others: known.others || known.path !== found.path });
}

function adviceFor(path: string): string {
  return path.startsWith('proc/')
    ? 'permission denied; run the agent as root, or grant it CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH'
    : 'permission denied; run the agent as root, or grant it CAP_DAC_READ_SEARCH';
}
