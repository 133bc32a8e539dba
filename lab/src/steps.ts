/** Steps that scenarios are made of. */
import type { Agent } from './agent.js';
import type { Counted } from './compare.js';
import { awaitCalls, readIssued, startGuest, startLoad, stopLoad } from './guest.js';
import type { Guest, GuestPlan } from './guest.js';
import { stopQemu } from './guest-qemu.js';
import type { Host } from './host.js';
import { mark } from './tracing.js';

/** TCE hypercalls that each guest makes between two steps. */
export const CALLS = 1000;

/** What a scenario acts on. */
export interface Stage {
  host: Host;
  agent: Agent;
  say: (step: string) => void;
  /** Tells of something that is not as it was to be: part of the verdict. */
  isWrong: (fault: string) => void;
}

/** A scenario: resolves to what is to be compared; `underLoad` is called once, when the guests make calls. */
export type Scenario = (stage: Stage, underLoad: (guests: readonly Guest[]) => Promise<void>) => Promise<Counted[]>;

/** Starts guests, together, and puts each under load. */
export async function startGuests<const P extends readonly GuestPlan[]>(
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
export async function killAgent({ host, agent, say }: Stage, guests: readonly Guest[]): Promise<void> {
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
export async function retire({ host, say }: Stage, guest: Guest): Promise<void> {
  say(`stops ${guest.name}`);
  await stopLoad(guest);
  await readIssued(host, guest);
  await stopQemu(host, guest);
}
