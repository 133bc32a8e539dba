/** What is wrong with a configuration, all of it at once. */

export interface ConfigProblem {
  /** Path of the setting, for instance `listen.port`; empty when the whole file is meant. */
  path: string;
  /** Where it was given: the file, the environment variable, the flag, or that it was not given at all. */
  source: string;
  /** What is wrong and what to do. */
  message: string;
}

/** The configuration cannot be used; the message has a line for each problem. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(problems.map(({ path, source, message }) => `${path && `${path}: `}${message} (${source})`).join('\n'));
  }
}
