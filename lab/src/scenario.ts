/**
 * What is done to the guests and to the agent, step by step, and which modes each guest must have been seen in. No
 * counts.
 */
import { adverse, askDoctor } from './adverse.js';
import { awaitCalls } from './guest.js';
import type { GuestPlan } from './guest.js';
import { PASSED_DISKS } from './host.js';
import { confirmByHand } from './runbooks.js';
import { CALLS, killAgent, retire, startGuests } from './steps.js';
import type { Scenario } from './steps.js';
import { mark } from './tracing.js';

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

/** A refused guest, looked at by hand as the runbooks say, and the agent killed in mid-load. */
export const smoke: Scenario = async (stage, underLoad) => {
  const [ref] = await startGuests(stage, [REFUSED]);
  await underLoad([ref]);
  await confirmByHand(stage, ref);
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

/**
 * The agent comes as its image, in a container with what the chart grants. The guest's QEMU is not root's, so that both
 * capabilities are needed.
 */
export const image: Scenario = async (stage, underLoad) => {
  await askDoctor(stage, undefined, { status: 0, says: 'enough to trace' });
  await askDoctor(stage, ['dac_read_search'], { status: 1, says: 'CAP_SYS_PTRACE not granted' });
  const [ref] = await startGuests(stage, [{ ...REFUSED, user: 65_534 }]);
  await underLoad([ref]);
  await killAgent(stage, [ref]);
  await retire(stage, ref);
  return [{ ...ref, expected: ['userspace'] }];
};

/** The scenarios by the name that they are asked for. */
export const SCENARIOS = { full, smoke, adverse, image };
export type ScenarioName = keyof typeof SCENARIOS;
