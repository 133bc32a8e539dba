/**
 * The store's answers with real mode derived where a guest counts itself: the same questions, so that whoever asks need not
 * know of guests. Without such guests each question costs one look at the list of them more.
 */
import type { CountRow, GuestSpan, LivingVmRow, StoreQueries, VmRow } from '../store/index.js';
import { derivedEvidence, hiddenCalls, joinSteps, overlaps, spansOf, withIssued } from './correlate.js';
import type { Overlap } from './correlate.js';

export function withGuests(queries: StoreQueries): StoreQueries {
  async function derive<T extends LivingVmRow>(asked: Promise<T[]>): Promise<T[]> {
    const [vms, spans] = await Promise.all([asked, queries.guestSpans()]);
    return vms.map((vm) => (spansOf(vm, spans).length === 0 ? vm : { ...vm, evidence: derivedEvidence(vm.evidence) }));
  }

  return {
    ...queries,
    vms: async (subject = {}) => derive(queries.vms(subject)),
    livingVms: async () => derive(queries.livingVms()),
    counters: async (question = {}) => {
      const [rows, spans] = await Promise.all([queries.counters(question), queries.guestSpans()]);
      if (spans.length === 0) return rows;
      const { hostId, life } = question;
      const vms = await queries.vms({ ...(hostId !== undefined && { hostId }), ...(life !== undefined && { life }) });
      let joined = rows;
      // One after the other: a question about a whole fleet is not to crowd out those of others.
      for (const vm of vms) {
        const times = overlaps(vm, spansOf(vm, spans), question);
        if (times.length > 0) joined = withIssued(joined, vm, await hiddenIn(queries, vm, times));
      }
      return joined;
    },
    recent: async () => {
      const [rows, spans] = await Promise.all([queries.recent(), queries.guestSpans()]);
      if (spans.length === 0) return rows;
      let joined = rows;
      for (const vm of await queries.livingVms()) {
        const guest = spansOf(vm, spans).at(-1);
        if (!guest) continue;
        const of = ({ hostId, life }: { hostId: string; life: string }) =>
          rows.filter((row) => row.hostId === hostId && row.life === life);
        joined = withIssued(joined, vm, hiddenCalls(of(guest), of(vm)));
      }
      return joined;
    },
    counterSteps: async (question) => {
      const [steps, spans, vms] = await Promise.all([
        queries.counterSteps(question),
        queries.guestSpans(),
        queries.vms({ life: question.life }),
      ]);
      let joined = steps;
      for (const span of vms.flatMap((vm) => spansOf(vm, spans))) {
        joined = await joinSpan(queries, joined, span, question);
      }
      return joined;
    },
  };
}

/** What the guest issued and the host did not see, over all times that the guest reported. */
async function hiddenIn(queries: StoreQueries, { hostId, life }: VmRow, times: readonly Overlap[]) {
  const sums = new Map<CountRow['hypercall'], number>();
  for (const { guest, fromNs, toNs } of times) {
    const [issued, seen] = await Promise.all([
      queries.counters({ ...guest, fromNs, toNs }),
      queries.counters({ hostId, life, fromNs, toNs }),
    ]);
    for (const [hypercall, calls] of hiddenCalls(issued, seen)) sums.set(hypercall, (sums.get(hypercall) ?? 0) + calls);
  }
  return sums;
}

async function joinSpan(
  queries: StoreQueries,
  steps: Awaited<ReturnType<StoreQueries['counterSteps']>>,
  span: GuestSpan,
  question: Parameters<StoreQueries['counterSteps']>[0],
) {
  const guestSteps = await queries.counterSteps({ ...question, life: span.life });
  return joinSteps(steps, guestSteps, span, question.stepNs);
}
