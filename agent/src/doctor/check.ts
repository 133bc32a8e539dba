/** The form of a check: one question about a host, answered from an inspection. Pure; each check is a row of data. */
import type { Inspection } from './inspect.js';

/** The answer of a check; `unknown`: neither the host nor the agent can tell. */
export type Verdict = 'ok' | 'missing' | 'unknown';

export interface Finding {
  verdict: Verdict;
  /** The name of the VM, where a check is about each of several. */
  subject?: string;
  /** The finding, in one clause. */
  says: string;
  /** The remedy, preferably a command. */
  fix?: string;
}

export interface Check {
  /** Identifier in kebab-case, for programs. */
  id: string;
  /** Name of what is checked, for people. */
  title: string;
  /** Answers from an inspection; returns no finding where the question does not arise. */
  inspect(seen: Inspection): Finding[];
}

export const ok = (says: string): Finding => ({ verdict: 'ok', says });
export const missing = (says: string, fix: string): Finding => ({ verdict: 'missing', says, fix });
export const unknown = (says: string, fix?: string): Finding => ({ verdict: 'unknown', says, ...(fix && { fix }) });

/** Returns the least good of several verdicts; `ok` of none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find((v) => v === 'missing') ?? verdicts.find((v) => v === 'unknown') ?? 'ok';
}
