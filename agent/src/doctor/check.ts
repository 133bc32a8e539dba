/** What a check is: one question about a host, answered from an inspection. Pure; each check is a row of data. */
import type { Inspection } from './inspect.js';

/** `unknown`: the host does not tell, or not the agent. */
export type Verdict = 'ok' | 'missing' | 'unknown';

export interface Finding {
  verdict: Verdict;
  /** What the finding is about, where a check looks at several things: a VM's name. */
  subject?: string;
  /** One clause: what was found. */
  says: string;
  /** What to do about it, preferably a command. */
  fix?: string;
}

export interface Check {
  /** Kebab-case, for programs. */
  id: string;
  /** What is looked at, for people. */
  title: string;
  /** None where the question does not arise on this host. */
  inspect(seen: Inspection): Finding[];
}

export const ok = (says: string): Finding => ({ verdict: 'ok', says });
export const missing = (says: string, fix: string): Finding => ({ verdict: 'missing', says, fix });
export const unknown = (says: string, fix?: string): Finding => ({ verdict: 'unknown', says, ...(fix && { fix }) });

/** The least good of several verdicts; `ok` of none. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find((v) => v === 'missing') ?? verdicts.find((v) => v === 'unknown') ?? 'ok';
}
