/** The doctor's screen. Pure. */
import { groupBy } from '@tcewatch/common';
import { HYPERCALL_NAMES, MODES, evidenceFor } from '@tcewatch/protocol';
import type { Mode, ModeEvidence } from '@tcewatch/protocol';
import { columns } from '../terminal/columns.js';
import { REASONS } from '../evidence/reasons.js';
import type { Verdict } from './check.js';
import type { Diagnosis } from './diagnose.js';

const VERDICTS: Record<Verdict, string> = { ok: 'ok', missing: 'MISSING', unknown: 'cannot tell' };
const USABLE: Record<Verdict, string> = { ok: 'yes', missing: 'no', unknown: 'cannot tell' };

export function doctorReport({ host, observable, findings, sources, evidence }: Diagnosis): string {
  const checks = findings.map(({ verdict, title, subject, says }) => [
    VERDICTS[verdict],
    subject === undefined ? title : `${subject}: ${title}`,
    says,
  ]);
  const rows = sources.map(({ name, usable, gives, because }) => [
    USABLE[usable],
    name,
    usable === 'ok' ? gives : [...new Set(because.map(({ id }) => id))].join(', '),
  ]);
  const known = evidence.map(({ mmu, modes }) => [mmu, ...MODES.map((mode) => summary(modes, mode))]);
  return [
    `${host.name}: Linux ${host.kernel || 'of unknown version'}\n`,
    `\nChecks\n${columns(checks, 3)}`,
    fixes(findings),
    `\nSources: which can count here, and what each gives or what is in its way\n${columns(rows, 3)}`,
    known.length > 0
      ? `\nHow figures are known, by the MMU of the guest\n${columns([['guest', ...MODES], ...known], 4)}`
      : '',
    reasons(evidence),
    observable === 'all' ? '\nNothing is in the way.\n' : '',
  ].join('');
}

/** Lists each fix once, with everything that it is for: several VMs may need the same. */
function fixes(findings: Diagnosis['findings']): string {
  const lines = new Map<string, Set<string>>();
  for (const { verdict, fix, title, subject } of findings) {
    if (verdict !== 'missing' || fix === undefined) continue;
    lines.set(fix, (lines.get(fix) ?? new Set()).add(subject ?? title));
  }
  if (lines.size === 0) return '';
  return `\nWhat to do\n${[...lines].map(([fix, about]) => `- ${[...about].join(', ')}: ${fix}\n`).join('')}`;
}

/** Summarises a mode as `exact`, or as `absent; H_GET_TCE unobservable` where the hypercalls differ. */
function summary(evidence: readonly ModeEvidence[], mode: Mode): string {
  const byEvidence = groupBy(HYPERCALL_NAMES, (hypercall) => evidenceFor(evidence, mode, hypercall).evidence);
  const [common, ...others] = [...byEvidence].sort(([, a], [, b]) => b.length - a.length);
  return [common?.[0], ...others.map(([known, hypercalls]) => `${hypercalls.join(', ')} ${known}`)].join('; ');
}

function reasons(evidence: Diagnosis['evidence']): string {
  const lines = evidence.flatMap(({ mmu, modes }) =>
    modes
      .filter(({ reason }) => reason !== '')
      .map(({ mode, reason }) => `- ${mmu}, ${mode} mode: ${sentences.get(reason) ?? reason}\n`),
  );
  return [...new Set(lines)].join('');
}

const sentences = new Map<string, string>(Object.entries(REASONS));
