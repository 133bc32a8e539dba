/**
 * The words of tcewatch as types: hypercalls, modes, counters, evidence. Everything else names things by these.
 */

/** The four TCE hypercalls by opcode (`arch/powerpc/include/asm/hvcall.h`). */
export const HYPERCALLS = {
  H_GET_TCE: 0x1c,
  H_PUT_TCE: 0x20,
  H_STUFF_TCE: 0x138,
  H_PUT_TCE_INDIRECT: 0x13c,
} as const;

export type Hypercall = keyof typeof HYPERCALLS;

/** The hypercalls in the order in which people are shown them. */
export const HYPERCALL_NAMES = ['H_GET_TCE', 'H_PUT_TCE', 'H_PUT_TCE_INDIRECT', 'H_STUFF_TCE'] as const;

const NAME_OF_OPCODE = new Map<number, Hypercall>(HYPERCALL_NAMES.map((name) => [HYPERCALLS[name], name]));

/** Names a TCE hypercall; gives undefined for any other opcode. */
export function hypercallName(opcode: number): Hypercall | undefined {
  return NAME_OF_OPCODE.get(opcode);
}

/** Tells whether each call asks for exactly one TCE entry; the other two say in GPR7 how many. */
export function hasOneEntry(hypercall: Hypercall): boolean {
  return hypercall === 'H_GET_TCE' || hypercall === 'H_PUT_TCE';
}

/** Who completed a hypercall: KVM in real mode, KVM in virtual mode, or userspace (QEMU). */
export const MODES = ['real', 'virtual', 'userspace'] as const;
export type Mode = (typeof MODES)[number];

/** How a figure is known. `absent`: the mode cannot occur on this kernel and guest, so zero is true. */
export const EVIDENCE = ['exact', 'absent', 'derived', 'upper-bound', 'unobservable'] as const;
export type Evidence = (typeof EVIDENCE)[number];

/**
 * What a series counts. `entered`: calls that reached KVM in virtual mode; `punted`: those of them that KVM handed to
 * userspace; `issued`: what the guest counted itself; `*_entries`: TCE entries asked for by H_PUT_TCE_INDIRECT and
 * H_STUFF_TCE calls (the other two have one entry a call, and no row); `*_unsized`: calls of those two whose entries
 * are not in there, because what the guest passed as their number was implausible.
 */
export const COUNTERS = [
  'entered',
  'punted',
  'issued',
  'entered_entries',
  'punted_entries',
  'entered_unsized',
  'punted_unsized',
] as const;
export type Counter = (typeof COUNTERS)[number];

/** What a series' LIOBN means: that one, all of them together, or those that a cap folded together. */
export const SCOPES = ['one', 'all', 'other'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Why an event is in no count: histogram full, ring overwritten, ring full, or read from a ring by an agent that ended
 * before it could report it.
 */
export const LOSS_KINDS = ['table-full', 'overwritten', 'dropped', 'unreported'] as const;
export type LossKind = (typeof LOSS_KINDS)[number];

/**
 * The part of a call that was timed. `handled`: from kvm_hcall_enter to kvm_hcall_exit of a call that KVM handled in
 * virtual mode; `round_trip`: of a punt, from kvm_hcall_exit (before userspace sees the call) until its thread is back
 * in KVM_RUN.
 */
export const SPANS = ['handled', 'round_trip'] as const;
export type Span = (typeof SPANS)[number];

/**
 * Bucket n of a latency histogram has times above 2^(n-1) and up to 2^n us; 0 those up to 1 us, the last all longer.
 */
export const LATENCY_BUCKETS = 32;

/** MMU of a guest. */
export type Mmu = 'radix' | 'hpt';

/** Writes a LIOBN, `0x80000000` for 2147483648n: how LIOBNs are written everywhere. */
export function formatLiobn(liobn: bigint): string {
  return `0x${liobn.toString(16).padStart(8, '0')}`;
}
