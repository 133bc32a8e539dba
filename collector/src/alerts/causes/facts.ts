/** Facts about a fallback as sentences with figures, for the operator. */
import { HYPERCALL_NAMES, MAX_UINT64, evidenceFor, formatLiobn } from '@tcewatch/protocol';
import type { CallCounts } from '../event.js';
import { isoTime } from '../../time.js';
import { DEFAULT_TABLE_BYTES, CONDITIONS, namesOf } from './conditions.js';
import type { FallbackEvidence } from './conditions.js';
import { formatNumber } from './wording.js';

/** LIOBNs that are told one by one. */
const LIOBNS = 4;

/** Sentences in the order in which they are told; null where nothing is known, or nothing worth telling. */
const FACTS = {
  tables({ before, after }: FallbackEvidence) {
    if (!after) return 'What QEMU holds open could not be read, so its TCE tables are not known.';
    const now = `QEMU holds ${tables(after.tceTables)} in the kernel (${isoTime(after.observedAtNs)})`;
    if (!before || before.tceTables === after.tceTables) return `${now}.`;
    return `${now}; at ${isoTime(before.observedAtNs)} it held ${before.tceTables || 'none'}.`;
  },
  groups({ before, after }: FallbackEvidence) {
    if (!after) return null;
    const added = before ? after.vfioGroups.filter((group) => !before.vfioGroups.includes(group)) : [];
    if (after.vfioGroups.length === 0) return 'QEMU holds no VFIO group.';
    const news =
      before && added.length > 0 ? `; it did not hold ${groups(added)} at ${isoTime(before.observedAtNs)}` : '';
    return `QEMU holds VFIO ${groups(after.vfioGroups)}${news}.`;
  },
  hypercalls({ calls: { hypercalls } }: FallbackEvidence) {
    const counts = HYPERCALL_NAMES.flatMap((name) => {
      const of = namesOf(hypercalls).includes(name) ? hypercalls[name] : undefined;
      return of ? [`${share(of)} ${name}`] : [];
    });
    return counts.length > 0 ? `To userspace went ${listed(counts)}.` : null;
  },
  liobns({ calls: { liobns } }: FallbackEvidence) {
    if (liobns.length === 0) return null;
    const told = liobns.slice(0, LIOBNS).map((of) => `${share(of)} calls on ${hexadecimal(of.liobn)}`);
    const more = liobns.length - told.length;
    return `By LIOBN, to userspace went ${listed(more > 0 ? [...told, `those on ${more} more`] : told)}.`;
  },
  flavour(known: FallbackEvidence) {
    return CONDITIONS.kvmPr.holds(known)
      ? 'The VM runs on KVM PR, where hypercalls of all kinds are counted together.'
      : null;
  },
  calls({ calls }: FallbackEvidence) {
    const { seconds } = calls;
    return `In ${formatNumber(seconds)} s, ${share(calls)} TCE hypercalls that entered the kernel went on to userspace.`;
  },
  never({ never }: FallbackEvidence) {
    return never ? 'No call of this VM was seen to be handled in the kernel.' : null;
  },
  hidden({ vm, calls }: FallbackEvidence) {
    const hidden = namesOf(calls.hypercalls).filter(
      (name) => evidenceFor(vm.evidence, 'real', name).evidence === 'unobservable',
    );
    return hidden.length > 0 ? `Calls of ${listed(hidden)} that real mode completed cannot be seen here.` : null;
  },
  memlock({ vm: { facts }, after }: FallbackEvidence) {
    if (facts?.memlockBytes === undefined || after?.tceTables !== 0) return null;
    if (facts.memlockBytes === MAX_UINT64) return 'QEMU may lock memory without limit.';
    const needs = `the table of one default DMA window takes ${kibibytes(DEFAULT_TABLE_BYTES)}`;
    return `QEMU may lock ${kibibytes(facts.memlockBytes)} of memory; ${needs}.`;
  },
  kernel({ host: { kernel, cpu, platform } }: FallbackEvidence) {
    if (!kernel) return null;
    const on = [cpu, platform === 'pSeries' ? 'itself a guest' : platform].filter((text) => text !== '');
    return `The host runs Linux ${kernel}${on.length > 0 ? ` (${on.join('; ')})` : ''}.`;
  },
} as const satisfies Record<string, (known: FallbackEvidence) => string | null>;

export type FactName = keyof typeof FACTS;

/** Lists the sentences about all that is known, beginning with the facts that are named. */
export function factsOf(known: FallbackEvidence, first: readonly FactName[]): string[] {
  const names = [...new Set([...first, ...(Object.keys(FACTS) as FactName[])])];
  return names.flatMap((name) => FACTS[name](known) ?? []);
}

function tables(count: number): string {
  return count > 1 ? `${count} TCE tables` : `${count === 1 ? 1 : 'no'} TCE table`;
}

function groups(numbers: readonly number[]): string {
  return `${numbers.length === 1 ? 'group' : 'groups'} ${listed(numbers.map(String))}`;
}

function share({ entered, punted }: CallCounts): string {
  return `${formatNumber(punted)} of ${formatNumber(entered)}`;
}

function kibibytes(bytes: bigint): string {
  return `${(bytes >> 10n).toLocaleString('en-GB')} KiB`;
}

function hexadecimal(liobn: string): string {
  return /^[0-9a-f]{1,16}$/.test(liobn) ? formatLiobn(BigInt(`0x${liobn}`)) : liobn;
}

function listed(texts: readonly string[]): string {
  return texts.length > 1 ? `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}` : texts.join();
}
