/** Wording of alerts for people: short sentences, without what a guest could smuggle in. Pure. */
import { createHash } from 'node:crypto';
import type { AlertEvent, Impact } from '../alerts/event.js';

/** Control characters, those that turn the direction of text, halves of characters, separators of lines. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Puts a text on one line of at most `limit` UTF-16 units. */
export function tidy(text: string, limit: number): string {
  const printable = text.replaceAll(UNPRINTABLE, '\uFFFD');
  // Not through the middle of a character.
  return printable.length <= limit ? printable : printable.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '') + '…';
}

/** Tidies what something is known by: two that differ still do, by eight digits of their hash. */
export function tidyKey(text: string, limit: number): string {
  const tidied = tidy(text, limit);
  if (tidied === text) return text;
  return `${tidy(text, limit - 9)}~${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

/** Names the VM and its host, or the host. */
export function subjectOf({ vm, hostName }: AlertEvent): string {
  return vm ? `${vm.name} on ${hostName}` : hostName;
}

/** Sentence about what a fallback costs; undefined for an alert about a host. */
export function impactWords(impact: Impact | null): string | undefined {
  if (!impact) return undefined;
  if (impact.known === 'measured') {
    const lost = impact.lostMsPerSecond.toFixed(1);
    return `Measured: the VM's threads together lose ${lost} ms of each second to round trips through userspace.`;
  }
  const percent = (share: number): string => (100 * share).toFixed(0);
  const { from, to } = impact.throughputLeft;
  return (
    `Estimated, not measured here: ${percent(from)} to ${percent(to)} % of the network throughput is left, by the ` +
    'figures of those who wrote the acceleration.'
  );
}
