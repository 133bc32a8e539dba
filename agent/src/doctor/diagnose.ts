/** Diagnoses a host from an inspection: findings, sources, evidence for each MMU of guests, and a verdict. Pure. */
import type { Mmu, ModeEvidence } from '@tcewatch/protocol';
import { evidenceOf } from '../evidence/evidence.js';
import type { Finding } from './check.js';
import { capabilities, debugfs, pidNamespace, proc } from './checks/access.js';
import { kvm, lockdown, processor, tceSupport, tceVfio } from './checks/kernel.js';
import { histTriggers, tracefs } from './checks/tracing.js';
import { listed, memlock, modes, tables } from './checks/vms.js';
import type { Inspection } from './inspect.js';
import { sourceStates } from './sources.js';
import type { SourceState } from './sources.js';

/**
 * The checks in the order in which they are shown: each makes sense only if those before it are right. To add one, add
 * a line.
 */
const CHECKS = [
  processor,
  proc,
  pidNamespace,
  capabilities,
  lockdown,
  tracefs,
  kvm,
  histTriggers,
  debugfs,
  tceSupport,
  tceVfio,
  listed,
  tables,
  memlock,
  modes,
];

export interface Diagnosis {
  host: { name: string; kernel: string; cpu: string; platform: string };
  /** The verdict: `all`, nothing is in the way; `partly`, something is; `nothing`, no source can count here. */
  observable: 'all' | 'partly' | 'nothing';
  findings: (Finding & { id: string; title: string })[];
  sources: SourceState[];
  /** Evidence for the modes of guests with each MMU. */
  evidence: { mmu: Mmu; modes: ModeEvidence[] }[];
}

export function diagnose(seen: Inspection): Diagnosis {
  const { hostname, kernel, cpu, platform } = seen.host;
  // On any other processor nothing else matters.
  const checks = seen.power === false ? [processor] : CHECKS;
  const findings = checks.flatMap((check) =>
    check.inspect(seen).map((finding) => ({ id: check.id, title: check.title, ...finding })),
  );
  const sources = sourceStates(seen);
  return {
    host: { name: hostname || 'unnamed', kernel, cpu, platform },
    observable: observable(seen, findings, sources),
    findings,
    sources,
    evidence: guestMmus(seen).map((mmu) => ({ mmu, modes: evidenceOf(seen.host, { mmu, kvmPr: false }) })),
  };
}

function observable(
  { power }: Inspection,
  findings: readonly Finding[],
  sources: readonly SourceState[],
): Diagnosis['observable'] {
  if (power === false || sources.every(({ usable }) => usable === 'missing')) return 'nothing';
  return findings.some(({ verdict }) => verdict === 'missing') ? 'partly' : 'all';
}

/** Lists the MMUs that guests of this host can have; KVM in a guest runs radix guests alone. */
function guestMmus({ power, host }: Inspection): Mmu[] {
  if (power === false) return [];
  return host.platform === 'pSeries' ? ['radix'] : ['radix', 'hpt'];
}
