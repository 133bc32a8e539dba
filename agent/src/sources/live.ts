/** What sources that count on a live host read of it besides their counters. */
import type { Clock } from '@tcewatch/protocol';
import { SourceError } from '../model.js';
import { NO_BOOT, readHost } from '../proc/host.js';
import type { HostFacts } from '../proc/host.js';
import { lookAt, problemsOf, text } from '../proc/look.js';
import { uptimeNs } from '../proc/stat.js';
import type { SourceOptions } from './options.js';

export interface LiveHost {
  facts: HostFacts;
  /** What of it could not be read. */
  problems: string[];
}

/** Throws SourceError `proc-unreadable` where the host does not tell which boot of it this is. */
export async function liveHost({ root }: SourceOptions): Promise<LiveHost> {
  const look = lookAt(root);
  const facts = await readHost(look);
  if (facts.bootId === NO_BOOT) throw withoutProc(root);
  return { facts, problems: problemsOf(look) };
}

/** Throws SourceError `proc-unreadable`. */
export async function liveClock(options: Pick<SourceOptions, 'root' | 'now'>): Promise<Clock> {
  const { root } = options;
  const uptime = uptimeNs((await text(lookAt(root), 'proc/uptime')) ?? '');
  if (uptime === undefined) throw withoutProc(root);
  return { wallNs: options.now(), uptimeNs: uptime };
}

function withoutProc(root: string): SourceError {
  const message = `there is no /proc below ${root}: mount it there, or correct the setting root`;
  return new SourceError('proc-unreadable', message);
}
