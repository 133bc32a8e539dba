/**
 * Causes of alerts about hosts: silence, incomplete counts, a key that several claim. The first that holds is given.
 * docs/reference/causes.md explains each at length.
 */
import type { Account, LossKind } from '@tcewatch/protocol';
import type { HostRun } from '../../hosts/agent-runs.js';
import type { Cause } from '../event.js';
import { isoTime } from '../../time.js';
import { formatNumber, causeOf } from './wording.js';

/** A cause with what it is known by, in words that follow "known by", and as a test. */
export interface HostCause<Known> extends Cause {
  says: string;
  holds: (known: Known) => boolean;
}

/** A host, or the agent in a guest, of which nothing comes any more. */
export interface Silence {
  of: 'host' | 'guest';
  /** Seconds since the last reading came, on the collector's clock. */
  seconds: number;
  /** Reading time of the last, in nanoseconds since 1970 on the host's clock. */
  lastReadNs: bigint;
  /**
   * Whether other agents on the same host still report: those in its guests, or the host's own for a guest that the host
   * still sees running. Null where there are none, or it is not known.
   */
  neighbours: boolean | null;
  /** Hosts that are silent now, this one included, and all that are watched. */
  hosts: { silent: number; watched: number };
}

/** Number of silent hosts from which on the trouble is not each host's own. */
const MANY_HOSTS = 3;

export const SILENCE_CAUSES = [
  {
    code: 'guest-agent-stopped',
    confidence: 'likely',
    summary: 'The agent in the guest reports no more, while its host sees the VM run.',
    advice:
      'Start the agent in the guest; if it runs, look in its log for what keeps it from its collector or brokers.',
    says: "the silent agent is a guest's, and its host still reports the VM",
    holds: ({ of, neighbours }) => of === 'guest' && neighbours === true,
  },
  {
    code: 'agent-stopped',
    confidence: 'likely',
    summary: 'The agent of the host reports no more, while agents in its guests do.',
    advice: 'Start the agent on the host; if it runs, look in its log for what keeps it from its collector or brokers.',
    says: "the silent agent is the host's, and agents in its guests still report",
    holds: ({ of, neighbours }) => of === 'host' && neighbours === true,
  },
  {
    code: 'many-hosts-silent',
    confidence: 'likely',
    summary: 'At least half of all hosts are silent: what is between them and the collector is to blame.',
    advice: 'Look at the brokers, the network and the load of the collector before any single host.',
    says: 'at least three hosts are silent, and at least half of all',
    holds: ({ hosts: { silent, watched } }) => silent >= MANY_HOSTS && silent * 2 >= watched,
  },
  {
    code: 'host-unreachable',
    confidence: 'likely',
    summary: 'Nothing on this host reports any more, its guests no more than itself: it is down or cut off.',
    advice: 'Look whether the host is up and can be reached.',
    says: 'the other agents on the same host are silent as well',
    holds: ({ neighbours }) => neighbours === false,
  },
  {
    code: 'silent',
    confidence: 'possible',
    summary: 'Nothing comes from this agent any more: it was stopped, its machine is down, or the network between is.',
    advice:
      'Look whether the machine is up, then at the state and the log of its agent (systemctl status tcewatch-agent).',
    says: 'none of the above',
    holds: () => true,
  },
] as const satisfies readonly HostCause<Silence>[];

/** Calls that were declared lost while an alert came about. */
export interface Incompleteness {
  /** What each account grew by over the time: what the kernel saw, and the losses therein. */
  accounts: readonly Account[];
  seconds: number;
}

const LOSSES: Readonly<Record<LossKind, Pick<Cause, 'summary' | 'advice'>>> = {
  'table-full': {
    summary: 'The histogram in the kernel is full, and calls of new threads and LIOBNs find no room in it.',
    advice: 'Give hist.size a larger value in the configuration of the agent; 131072 is the most.',
  },
  overwritten: {
    summary: 'A recorded ring buffer was full before it was read, and its oldest events were overwritten.',
    advice: 'Replay the histograms of the recording, or record with larger buffers.',
  },
  dropped: {
    summary: 'A recorded ring buffer was full before it was read, and the newest events were dropped.',
    advice: 'Replay the histograms of the recording, or record with larger buffers.',
  },
  unreported: {
    summary: 'An agent was killed after it had read events from the ring buffer and before it could report them.',
    advice:
      'Find out what killed the agent (out of memory, kill -9); one that is stopped reports all that it has read.',
  },
};

const LOSS_WORDS: Readonly<Record<LossKind, string>> = {
  'table-full': 'found the histogram full',
  overwritten: 'were overwritten',
  dropped: 'were dropped',
  unreported: 'were read and never reported',
};

/** One for each kind of loss: the kind with most events is given. */
export const INCOMPLETE_CAUSES: readonly HostCause<Incompleteness>[] = [
  ...(Object.keys(LOSSES) as LossKind[]).map((kind): HostCause<Incompleteness> => ({
    code: `lost-${kind}`,
    confidence: 'certain',
    ...LOSSES[kind],
    says: `most of the lost events ${LOSS_WORDS[kind]} (\`${kind}\`)`,
    holds: ({ accounts }) => largest(accounts) === kind,
  })),
  {
    code: 'lost',
    confidence: 'possible',
    summary: 'Calls are missing, and the agent does not say how they were lost.',
    advice: 'Update the collector: it may not know the kind of loss that the agent declares.',
    says: 'none of the above',
    holds: () => true,
  },
];

export const DUPLICATE_CAUSES = [
  {
    code: 'two-hosts-one-id',
    confidence: 'likely',
    summary: 'Several hosts report under one id at the same time, so their VMs and counts are mixed up.',
    advice: 'Give each host its own id (host.id of the agent); clones of one image share /etc/machine-id.',
    says: 'the readings are of different boots',
    holds: (claimants) => new Set(claimants.map(({ bootId }) => bootId)).size > 1,
  },
  {
    code: 'two-agents-one-host',
    confidence: 'certain',
    summary: 'Several agents count one host at the same time.',
    advice: 'Stop all agents of the host but one.',
    says: 'the readings are of one boot',
    holds: () => true,
  },
] as const satisfies readonly HostCause<readonly HostRun[]>[];

/** Gives the cause of a silence, and what is known of it. */
export function silentCause(known: Silence): { cause: Cause; facts: string[] } {
  const { seconds, lastReadNs, neighbours, hosts } = known;
  const facts = [`Nothing has come for ${formatNumber(seconds)} s; the last reading is of ${isoTime(lastReadNs)}.`];
  if (neighbours !== null)
    facts.push(`Other agents on the same host ${neighbours ? 'still report' : 'are silent too'}.`);
  facts.push(`${formatNumber(hosts.silent)} of ${formatNumber(hosts.watched)} hosts are silent.`);
  return { cause: firstOf(SILENCE_CAUSES, known), facts };
}

/** Gives the cause of incomplete counts, and what is known of it. */
export function incompleteCause(known: Incompleteness): { cause: Cause; facts: string[] } {
  const facts = known.accounts.flatMap(({ counter, seen, losses }) =>
    losses
      .filter(({ events }) => events > 0)
      .map(({ kind, events }) => {
        const calls = counter === 'entered' ? 'calls that entered the kernel' : 'punts';
        return `In ${formatNumber(known.seconds)} s, ${formatNumber(events)} of ${formatNumber(seen)} ${calls} ${LOSS_WORDS[kind]}.`;
      }),
  );
  return { cause: firstOf(INCOMPLETE_CAUSES, known), facts };
}

/** Gives the cause of several agents under one key; `claimants` are the runs that overlap. */
export function duplicateCause(claimants: readonly HostRun[]): { cause: Cause; facts: string[] } {
  const facts = claimants.map(({ name, bootId, run, bootedLastNs, uptimeFirstNs, uptimeLastNs }) => {
    const read = `from ${isoTime(bootedLastNs + uptimeFirstNs)} to ${isoTime(bootedLastNs + uptimeLastNs)}`;
    return `${name} (boot ${bootId}, run ${run}) was read ${read}.`;
  });
  return { cause: firstOf(DUPLICATE_CAUSES, claimants), facts };
}

function firstOf<Known>(causes: readonly HostCause<Known>[], known: Known): Cause {
  const row = causes.find(({ holds }) => holds(known));
  if (!row) throw new RangeError('the last cause holds always');
  return causeOf(row);
}

/** The kind of which most was lost; undefined where nothing was. */
function largest(accounts: readonly Account[]): LossKind | undefined {
  const events = new Map<LossKind, number>();
  for (const loss of accounts.flatMap(({ losses }) => losses)) {
    events.set(loss.kind, (events.get(loss.kind) ?? 0) + loss.events);
  }
  const [first] = [...events].filter(([, lost]) => lost > 0).sort(([, a], [, b]) => b - a);
  return first?.[0];
}
