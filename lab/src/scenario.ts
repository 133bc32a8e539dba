/** What is done to the guests and to the agent, step by step; nothing here knows what the figures should be. */
import type { Agent } from './agent.js';
import type { Counted } from './compare.js';
import { awaitCalls, readIssued, startGuest, startLoad, stopGuest, stopLoad } from './guest.js';
import type { Guest, GuestPlan } from './guest.js';
import { PASSED_DISKS } from './host.js';
import type { Host } from './host.js';
import { mark } from './tracing.js';

/** TCE hypercalls that each guest makes between two steps. */
const CALLS = 1000;

const ACCELERATED: GuestPlan = {
  name: 'vfa',
  uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a01',
  passed: PASSED_DISKS.first,
};
const LOSING: GuestPlan = {
  name: 'hot',
  uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a02',
  fault: 'hide-tce-vfio',
};
const REFUSED: GuestPlan = {
  name: 'ref',
  uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a03',
  fault: 'refuse-tables',
};

/** What a scenario acts on. */
export interface Stage {
  host: Host;
  agent: Agent;
  say: (step: string) => void;
}

export type Scenario = (stage: Stage, underLoad: (guests: readonly Guest[]) => Promise<void>) => Promise<Counted[]>;

/** A refused guest, and the agent killed in mid-load. */
export const smoke: Scenario = async (stage, underLoad) => {
  const [ref] = await startGuests(stage, [REFUSED]);
  await underLoad([ref]);
  await killAgent(stage, [ref]);
  await retire(stage, ref);
  return [{ ...ref, expected: ['userspace'] }];
};

/**
 * A guest with a VFIO disk, one that loses acceleration when it gets one, one that never had it; the agent killed in
 * mid-load; the second guest stopped and started anew.
 */
export const full: Scenario = async (stage, underLoad) => {
  const { host, say } = stage;
  const [vfa, hot, ref] = await startGuests(stage, [ACCELERATED, LOSING, REFUSED]);
  const all = [vfa, hot, ref];
  await underLoad(all);
  await killAgent(stage, all);

  say('plugs a VFIO disk into hot');
  await mark(host, 'hot gets a VFIO disk');
  await hot.qmp.execute('device_add', { driver: 'vfio-pci', host: PASSED_DISKS.second, id: 'plugged' });
  await awaitCalls(all, CALLS);
  for (const guest of [hot, ref]) await retire(stage, guest);

  const [again] = await startGuests(stage, [LOSING], 2);
  for (const guest of [again, vfa]) await retire(stage, guest);
  return [
    { ...vfa, expected: ['virtual'] },
    { ...hot, expected: ['virtual', 'userspace'] },
    { ...again, expected: ['virtual'] },
    { ...ref, expected: ['userspace'] },
  ];
};

/** Starts guests, together, and puts each under load. */
async function startGuests<const P extends readonly GuestPlan[]>(
  { host, say }: Stage,
  plans: P,
  life = 1,
): Promise<{ -readonly [K in keyof P]: Guest }> {
  say(`starts ${plans.map(({ name }) => name).join(', ')}${life > 1 ? ' anew' : ''}`);
  const guests = await Promise.all(plans.map((plan) => startGuest(host, plan, life)));
  for (const guest of guests) {
    await readIssued(host, guest);
    await startLoad(guest);
  }
  await awaitCalls(guests, CALLS);
  return guests as { -readonly [K in keyof P]: Guest };
}

/** Kills the agent in mid-load and starts it again; the guests make calls while it is away. */
async function killAgent({ host, agent, say }: Stage, guests: readonly Guest[]): Promise<void> {
  await agent.delivers();
  say('kills the agent with -9');
  await agent.kill();
  await mark(host, 'the agent was killed');
  await awaitCalls(guests, CALLS);
  say('starts the agent again');
  await agent.start();
  await mark(host, 'the agent is back');
  await awaitCalls(guests, CALLS);
}

/** Ends the load, reads what the guest issued, and stops it. */
async function retire({ host, say }: Stage, guest: Guest): Promise<void> {
  say(`stops ${guest.name}`);
  await stopLoad(guest);
  await readIssued(host, guest);
  await stopGuest(host, guest);
}
