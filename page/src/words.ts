/** Figures and states in words. Pure. */
import type { Evidence, Mode } from '@tcewatch/protocol/vocabulary';
import type { Alert, ModeShare } from './api/answers.js';

/** Why nobody can see a mode, by the codes of docs/reference/evidence.md. */
const UNOBSERVABLE: Readonly<Record<string, string>> = {
  'real-mode-invisible': 'its kernel completes such calls in real mode, where nothing on the host can count them',
  'get-tce-invisible': 'its kernel completes H_GET_TCE in real mode, where nothing on the host can count it',
  'mmu-unknown': 'its kernel uses real mode for hash guests, and the MMU of this one is not known',
  'cpu-unknown': 'its processor is not known, so neither is whether KVM uses real mode on it',
  'kernel-unverified': 'whether its kernel has handlers in real mode is not known',
  'kvm-pr': 'it runs on KVM PR, which has no trace events for hypercalls',
  'guest-issues-alone': 'a guest counts what it issues, and cannot tell who completes it',
  'no-evidence-given': 'its agent says nothing of this mode',
};

/** `Real cannot be observed: ...`: a sentence for each mode that nobody sees. */
export function unobservableWords(modes: readonly ModeShare[]): string[] {
  return modes
    .filter(({ calls }) => calls === null)
    .map(({ mode, reason }) => `Calls in ${MODE_WORDS[mode]} mode cannot be seen: ${UNOBSERVABLE[reason] ?? reason}.`);
}

export const MODE_WORDS: Readonly<Record<Mode, string>> = { real: 'real', virtual: 'virtual', userspace: 'userspace' };

const INTEGER = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

export function count(value: number): string {
  return INTEGER.format(value);
}

/** A figure with how it is known; never 0 for what nobody can observe. */
export function figure({ calls, evidence }: { calls: number | null; evidence: Evidence }): string {
  if (calls === null) return 'unobservable';
  if (evidence === 'absent') return 'absent';
  return evidence === 'upper-bound' ? `at most ${count(calls)}` : count(calls);
}

/** Calls in a second, with two digits that say something. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0';
  if (perSecond < 0.01) return '< 0.01';
  if (perSecond < 10) return perSecond.toFixed(perSecond < 1 ? 2 : 1);
  return count(perSecond);
}

/** Shares of the modes in the calls of a VM: `virtual 62 %, userspace 38 %; real unobservable`. */
export function shareWords(modes: readonly ModeShare[]): string {
  const known = modes.filter(({ calls }) => calls !== null);
  const sum = known.reduce((total, { calls }) => total + (calls ?? 0), 0);
  const shares = known.flatMap(({ mode, calls }) => (calls ? [`${MODE_WORDS[mode]} ${percent(calls / sum)}`] : []));
  const unknown = modes.filter(({ calls }) => calls === null).map(({ mode }) => `${MODE_WORDS[mode]} unobservable`);
  return [shares.join(', ') || 'no calls seen', ...unknown].join('; ');
}

/** Never 0 % or 100 % for what is not quite so. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share < 1 && share > 0.99) return '> 99 %';
  return `${Math.round(share * 100)} %`;
}

/** `2026-11-22 11:59:33`, in UTC. */
export function dateTime(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ');
}

/** `4 min 11 s`: the two largest units. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor((whole % 86_400) / 3600), 'h'],
    [Math.floor((whole % 3600) / 60), 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = units.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return units
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** How long an alert fired, or fires by now. */
export function firedFor({ firedAt, resolvedAt, at }: Alert): string {
  return duration((Date.parse(resolvedAt ?? at) - Date.parse(firedAt)) / 1000);
}

export function impactWords(impact: Alert['impact']): string {
  if (impact === null) return '';
  if (impact.known === 'measured') {
    return `Its threads spend ${rate(impact.lostMsPerSecond)} ms of each second on round trips to userspace (measured).`;
  }
  const { from, to } = impact.throughputLeft;
  return `About ${percent(from)} to ${percent(to)} of its network throughput is left (an estimate, not measured here).`;
}

/** `TceAccelerationLost` as people say it. */
export function alertWords(alert: string): string {
  const words = alert.replace(/^Tce/, '').replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.charAt(0).toUpperCase() + words.slice(1);
}
