/** The files of tracefs, and what is in the way when one of them cannot be had. */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { AgentError } from '../errors.js';
import type { ErrorCode } from '../errors.js';

/** A file that is kept open. */
export interface Hold {
  close(): Promise<void>;
}

/** Operations on files; passed in, so that a test can be the kernel. Errors are those of node:fs. */
export interface TracefsFiles {
  access(path: string): Promise<void>;
  list(directory: string): Promise<string[]>;
  read(path: string): Promise<string>;
  /** Appends, since to truncate an event's `trigger` removes all its triggers. */
  append(path: string, text: string): Promise<void>;
  /** Truncates a file; the kernel then removes all that it holds. */
  truncate(path: string): Promise<void>;
  hold(path: string): Promise<Hold>;
  /** Makes and removes directories, which the kernel fills and empties. */
  make(directory: string): Promise<unknown>;
  remove(directory: string): Promise<void>;
}

export const realFiles: TracefsFiles = {
  access: (path) => access(path),
  list: (directory) => readdir(directory),
  read: (path) => readFile(path, 'utf8'),
  append: (path, text) => writeFile(path, text, { flag: constants.O_WRONLY | constants.O_APPEND }),
  truncate: async (path) => {
    await (await open(path, constants.O_WRONLY | constants.O_TRUNC)).close();
  },
  hold: (path) => open(path),
  make: (directory) => mkdir(directory),
  remove: (directory) => rmdir(directory),
};

/** Error of a source where the kernel has not the events that it counts. */
export interface AbsentEvents {
  code: ErrorCode;
  message: string;
}

/**
 * Operations on tracefs with errors for people: each throws AgentError. A file that is not there is one of
 * `absentEvents`, if given.
 */
export class Tracefs {
  constructor(
    private readonly files: TracefsFiles = realFiles,
    private readonly absentEvents?: AbsentEvents,
  ) {}

  async exists(path: string): Promise<boolean> {
    try {
      await this.files.access(path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw failure(error, path, this.absentEvents);
    }
  }

  list(directory: string): Promise<string[]> {
    return this.#attempt(directory, () => this.files.list(directory));
  }

  read(path: string): Promise<string> {
    return this.#attempt(path, () => this.files.read(path));
  }

  append(path: string, text: string): Promise<void> {
    return this.#attempt(path, () => this.files.append(path, text));
  }

  hold(path: string): Promise<Hold> {
    return this.#attempt(path, () => this.files.hold(path));
  }

  make(directory: string): Promise<unknown> {
    return this.#attempt(directory, () => this.files.make(directory));
  }

  /** Removes an instance. Returns a problem, if it cannot be removed. */
  removeInstance(directory: string): Promise<string[]> {
    return removal(
      () => this.files.remove(directory),
      ({ code, message }) =>
        code === 'EBUSY'
          ? `another agent counts in the tracefs instance ${directory}, which slows down hypercalls: stop one of the two`
          : `the tracefs instance ${directory} is not in use and slows down hypercalls, but cannot be removed: ${message}`,
    );
  }

  /** Removes all triggers of an event. Returns a problem, if they cannot be removed. */
  removeTriggers(path: string): Promise<string[]> {
    return removal(
      () => this.files.truncate(path),
      ({ message }) => `the triggers in ${path} slow down hypercalls, but cannot be removed: ${message}`,
    );
  }

  /**
   * Removes a synthetic event; `path` is that of the file that lists them. Returns a problem, if it cannot be removed.
   */
  removeSyntheticEvent(path: string, name: string): Promise<string[]> {
    return removal(
      () => this.files.append(path, `!${name}`),
      ({ message }) => `the synthetic event ${name} is not in use, but cannot be removed from ${path}: ${message}`,
    );
  }

  async #attempt<T>(path: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw failure(error, path, this.absentEvents);
    }
  }
}

/** Removes something. Returns a problem, if it cannot; what is not there need not be removed. */
async function removal(
  remove: () => Promise<void>,
  problem: (error: NodeJS.ErrnoException) => string,
): Promise<string[]> {
  try {
    await remove();
    return [];
  } catch (error) {
    const known = error as NodeJS.ErrnoException;
    return known.code === 'ENOENT' ? [] : [problem(known)];
  }
}

/** Turns the kernel's error into one that says what to do about it. */
function failure(error: unknown, path: string, absentEvents: AbsentEvents | undefined): AgentError {
  const { code, message } = error as NodeJS.ErrnoException;
  const because = { cause: error };
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return new AgentError(
        'permission',
        `permission denied for ${path}: run the agent as root or grant it CAP_DAC_OVERRIDE; where the kernel is locked ` +
          'down for confidentiality (/sys/kernel/security/lockdown), it allows nobody to trace',
        because,
      );
    case 'ENOENT':
      if (absentEvents) return absent(absentEvents, path, because);
      break;
    case 'EINVAL':
      return new AgentError(
        'trigger-refused',
        `the kernel refused a hist trigger in ${path}: it needs CONFIG_HIST_TRIGGERS and Linux 4.17 or later`,
        because,
      );
  }
  return new AgentError('tracefs-failed', `${path}: ${message}`, because);
}

/** Returns the error for what counts and was taken away by somebody else. */
export function gone(code: 'instance-removed' | 'trigger-removed', path: string): AgentError {
  return new AgentError(
    code,
    `somebody removed what counts in ${path}: the agent makes another, and what was counted since the last reading is lost; ` +
      'leave tracefs instances that are named tcewatch-* alone',
  );
}

/** Returns the error for a kernel that has not the events that are to be counted. */
export function absent({ code, message }: AbsentEvents, path: string, options?: ErrorOptions): AgentError {
  return new AgentError(code, `${path} is not there: ${message}`, options);
}
