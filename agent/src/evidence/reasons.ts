/**
 * Reasons why a figure is not exact: each code that a batch can carry, with the sentence that people are shown.
 * docs/reference/evidence.md is generated from it.
 */

export const REASONS = {
  'real-mode-retired': 'This kernel has no real-mode TCE handlers (Linux removed them in 5.19): the mode cannot occur.',
  'power9-virtual-only':
    'From Linux 5.14, KVM on POWER9 and later does not use the real-mode handlers: the mode cannot occur.',
  'nested-virtual-only': 'The host is itself a guest, where KVM has no real mode: the mode cannot occur.',
  'radix-virtual-only':
    'For radix guests, the real-mode handlers of this kernel pass the hypercall on to virtual mode: the mode cannot occur.',
  'no-real-mode-handler': 'This kernel has no real-mode handler for this hypercall: the mode cannot occur.',
  'no-virtual-mode-handler': 'This kernel has no virtual-mode handler for this hypercall: the mode cannot occur.',
  'real-mode-invisible':
    'This kernel completes the hypercall in real mode, where nothing on the host can count it; only the guest can.',
  'get-tce-invisible':
    'This kernel completes H_GET_TCE in real mode for radix guests too, where nothing on the host can count it.',
  'mmu-unknown':
    'This kernel uses real mode for hash (HPT) guests, and the MMU of this guest is not known to the agent.',
  'cpu-unknown': 'The processor is not known to the agent, so neither is whether KVM uses real mode on it.',
  'kernel-unverified': 'Whether this kernel has real-mode TCE handlers was not verified, and could not be read here.',
  'all-hypercalls-counted':
    'On KVM PR all hypercalls that go to userspace are counted together: of each kind there were at most as many.',
  'guest-issues-alone': 'The guest counts what it issues, and cannot tell who completes it.',
  'kvm-pr': 'The VM runs on KVM PR, which has neither real mode nor trace events for hypercalls.',
} as const;

export type Reason = keyof typeof REASONS;
