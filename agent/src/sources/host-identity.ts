/** Identity of the host in the readings of all sources that count calls of its VMs. */
import type { Host, ModeEvidence } from '@tcewatch/protocol';
import { evidenceOf } from '../evidence/evidence.js';
import type { HostFacts } from '../proc/host.js';
import { printable } from '../printable.js';
import type { SourceContext } from './entry.js';

/** Returns the host as readings name it; `otherwise` names a host that has no name of its own. */
export function hostOf(facts: HostFacts, options: SourceContext, source: string, otherwise: string): Host {
  const name = printable(options.host.name ?? (facts.hostname || otherwise));
  return {
    id: printable(options.host.id ?? facts.machineId ?? name),
    name,
    kernel: facts.kernel,
    cpu: facts.cpu,
    platform: facts.platform,
    agentVersion: options.agentVersion,
    source,
  };
}

/**
 * Returns the evidence for calls that belong to no known VM; where the host runs radix guests alone, it is that of such
 * a guest.
 */
export function unattributedEvidenceOf(facts: HostFacts): ModeEvidence[] {
  return evidenceOf(facts, { mmu: facts.platform === 'pSeries' ? 'radix' : undefined, kvmPr: false });
}
