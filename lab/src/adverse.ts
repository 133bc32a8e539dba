/**
 * What may befall an agent on a host: missing privileges, strangers in its tracefs, a module reload, a hostile guest.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Capability } from './agent.js';
import { startLoad, stopLoad } from './guest.js';
import type { Guest, GuestPlan, IssuedReading } from './guest.js';
import { startQemu, stopQemu } from './guest-qemu.js';
import type { GuestProcess } from './guest-qemu.js';
import type { Host } from './host.js';
import { killAgent, retire, startGuests } from './steps.js';
import type { Scenario, Stage } from './steps.js';
import { keepTracing, mark, startTracing } from './tracing.js';
import { poll } from './wait.js';

/** A guest whose QEMU is not root's, so that to look at its descriptors takes capabilities. */
const USUAL: GuestPlan = { name: 'usual', uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a04', user: 65_534 };
const INSTANCES = '/sys/kernel/tracing/instances/tcewatch-*';

/** Calls that the hostile guest makes, each with another LIOBN: CALLS of image/flood.S. */
const FLOOD_CALLS = 20_000;
const FLOOD = 'flood';

interface Flood extends GuestProcess {
  name: string;
  life: number;
  readings: IssuedReading[];
}

export const adverse: Scenario = async (stage, underLoad) => {
  const { agent, say } = stage;
  say('starts the agent anew without CAP_SYS_PTRACE');
  await agent.kill();
  await agent.start({ capabilities: ['dac_read_search'] });
  const [usual] = await startGuests(stage, [USUAL]);
  await underLoad([usual]);
  await agent.says('/fd');
  await killAgent(stage, [usual]);

  await askDoctor(stage, undefined, { status: 0, says: 'enough to trace' });
  await askDoctor(stage, ['dac_read_search'], { status: 1, says: 'CAP_SYS_PTRACE not granted' });
  await verify(stage);
  await meddle(stage, usual);
  await retire(stage, usual);
  await reloadKvm(stage);

  const [again] = await startGuests(stage, [USUAL], 2);
  const flooded = await beFlooded(stage);
  await retire(stage, again);
  return [
    { ...usual, expected: ['virtual'] },
    { ...again, expected: ['virtual'] },
    { ...flooded, expected: ['userspace'], isFlooding: true },
  ];
};

async function beFlooded({ host, agent, say }: Stage): Promise<Flood> {
  say(`starts a guest that calls with ${FLOOD_CALLS} LIOBNs`);
  const flooded = await flood(host, 1);
  await agent.delivers();
  await stopQemu(host, flooded);
  return flooded;
}

/** Starts the hostile guest for the first time or again, and waits until it has made all its calls. */
async function flood(host: Host, life: number): Promise<Flood> {
  const began = `${FLOOD} begins life ${life}`;
  await mark(host, began);
  const plan = { name: FLOOD, uuid: '6f7a1c52-3d0e-4b8e-9a51-0d2f6c1e7a05' };
  const process = await startQemu(host, plan, '-bios /guest/flood.bin');
  await poll('the hostile guest has made its calls', async () => {
    const console = await readFile(join(host.share, `${FLOOD}.console`), 'utf8');
    // The console of all lives.
    return console.split('done').length > life ? true : undefined;
  });
  const ended = `${FLOOD} is done with life ${life}`;
  await mark(host, ended);
  const readings = [
    { from: began, to: began, issued: new Map() },
    { from: ended, to: ended, issued: new Map([['H_PUT_TCE' as const, FLOOD_CALLS]]) },
  ];
  return { name: FLOOD, life, readings, ...process };
}

interface Answer {
  status: number;
  says: string;
}

/** What a command of the agent has to answer. */
async function ask(
  { agent, isWrong }: Stage,
  command: string,
  capabilities: readonly Capability[] | undefined,
  wanted: Answer,
): Promise<void> {
  const { output, status } = await agent.command(command, capabilities);
  if (status === wanted.status && output.includes(wanted.says)) return;
  isWrong(`${command}: exit status ${status} instead of ${wanted.status}, or without "${wanted.says}":\n${output}`);
}

export async function askDoctor(
  stage: Stage,
  capabilities: readonly Capability[] | undefined,
  wanted: Answer,
): Promise<void> {
  stage.say(`asks the doctor${capabilities ? ` with ${capabilities.join()} alone` : ''}`);
  await ask(stage, 'doctor', capabilities, wanted);
}

async function verify(stage: Stage): Promise<void> {
  stage.say('verifies: by histogram and by ring');
  await ask(stage, 'verify --seconds 20', undefined, { status: 0, says: 'equal to the call' });
}

/** A stranger takes the triggers out of the agent's instance, and tries to remove it; while no calls are made. */
async function meddle(stage: Stage, guest: Guest): Promise<void> {
  stage.say("takes away the triggers of the agent's instance");
  await stopLoad(guest);
  await expectNewEpoch(stage, async ({ host, agent, isWrong }) => {
    const removed = await host.run(`cd ${INSTANCES}
      for file in events/kvm_hv/*/trigger; do
        grep -v '^#' $file | while read -r trigger; do echo "!$trigger" > $file; done
      done
      rmdir $PWD 2>/dev/null && echo removed || true`);
    if (removed === 'removed') isWrong('a stranger could remove the instance of a running agent');
    await agent.says('leave tracefs instances');
  });
  await startLoad(guest);
}

/** The module is unloaded, for which there may be no guest, and loaded again. */
async function reloadKvm(stage: Stage): Promise<void> {
  const { host, agent, say } = stage;
  say('unloads kvm-hv and loads it again');
  await agent.delivers();
  await keepTracing(host);
  await expectNewEpoch(stage, async () => {
    await host.run('modprobe -r kvm-hv');
    await agent.says('load the module of KVM HV');
    // Not 2: emulated, the host is a guest itself, whose own calls could be counted.
    await askDoctor(stage, undefined, { status: 1, says: 'modprobe kvm_hv' });
    await host.run('modprobe kvm-hv');
  });
  await startTracing(host);
}

async function expectNewEpoch(stage: Stage, action: (stage: Stage) => Promise<void>): Promise<void> {
  const before = await stage.agent.delivers();
  await action(stage);
  if ((await stage.agent.delivers()) === before) stage.isWrong('the epoch goes on though its counters were taken away');
}
