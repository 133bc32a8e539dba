/** One VM of a batch: message to value. Enumerators that this reader does not know are skipped. */
import type { Facts, ModeEvidence, Vm } from './batch.js';
import { checkList, checkText, readId } from './checks.js';
import { BatchError } from './errors.js';
import { Mmu as WireMmu } from './gen/tcewatch/v1/batch_pb.js';
import type {
  EvidenceSet as EvidenceSetMessage,
  Facts as FactsMessage,
  Vm as VmMessage,
} from './gen/tcewatch/v1/batch_pb.js';
import type { BatchLimits } from './limits.js';
import { EVIDENCE, MODES, hypercallName } from './vocabulary.js';

/** Decodes what a batch says of modes, for VMs to refer to. Throws BatchError. */
export function decodeEvidence(
  { modes }: EvidenceSetMessage,
  field: string,
  limits: Readonly<BatchLimits>,
): ModeEvidence[] {
  checkList(modes, field, limits);
  return modes.flatMap((known, i) => {
    const mode = MODES[known.mode - 1];
    const evidence = EVIDENCE[known.evidence - 1];
    const hypercall = hypercallName(known.hypercall);
    if (mode === undefined || evidence === undefined) return [];
    if (known.hypercall !== 0 && hypercall === undefined) return [];
    const reason = checkText(known.reason, `${field}.modes[${i}].reason`, limits);
    return [{ mode, evidence, reason, ...(hypercall && { hypercall }) } satisfies ModeEvidence];
  });
}

/**
 * Decodes a VM. Throws BatchError; `field` is where the VM stands in the batch, `evidence` what the batch has for VMs
 * to refer to.
 */
export function decodeVm(
  message: VmMessage,
  evidence: readonly ModeEvidence[][],
  field: string,
  limits: Readonly<BatchLimits>,
): Vm {
  const known = evidence[message.evidenceSet];
  if (!known) {
    throw new BatchError('invalid', `${field}.evidence_set`, `is ${message.evidenceSet} of ${evidence.length}`);
  }
  const vm: Vm = {
    life: readId(message.life, `${field}.life`),
    name: checkText(message.name, `${field}.name`, limits),
    uuid: checkText(message.uuid, `${field}.uuid`, limits),
    tgid: message.tgid,
    startedNs: message.startedNs,
    ended: message.ended,
    evidence: known,
  };
  if (message.facts) vm.facts = decodeFacts(message.facts, `${field}.facts`, limits);
  return vm;
}

function decodeFacts(message: FactsMessage, field: string, limits: Readonly<BatchLimits>): Facts {
  const facts: Facts = { observedNs: message.observedNs };
  if (message.descriptors) {
    const { tceTables, vfioGroups } = message.descriptors;
    checkList(vfioGroups, `${field}.descriptors.vfio_groups`, limits);
    if (vfioGroups.some((group, i) => i > 0 && group <= (vfioGroups[i - 1] ?? 0))) {
      throw new BatchError('invalid', `${field}.descriptors.vfio_groups`, 'is not strictly ascending');
    }
    facts.descriptors = { tceTables, vfioGroups };
  }
  if (message.memlockBytes !== undefined) facts.memlockBytes = message.memlockBytes;
  if (message.vcpus !== undefined) facts.vcpus = message.vcpus;
  for (const key of ['qemu', 'libvirtDomain', 'podUid'] as const) {
    if (message[key]) facts[key] = checkText(message[key], `${field}.${key}`, limits);
  }
  if (message.mmu === WireMmu.RADIX) facts.mmu = 'radix';
  if (message.mmu === WireMmu.HPT) facts.mmu = 'hpt';
  return facts;
}
