/** What the runbooks have an operator do on a host, done on this one while a guest falls back. */
import { readFile } from 'node:fs/promises';
import { commandsOf } from '@tcewatch/testing/commands';
import type { Guest } from './guest.js';
import type { Stage } from './steps.js';
import { PROGRAM } from './tree.js';

const PAGES = new URL('../../docs/runbooks/', import.meta.url);
const PLACE = 'a KVM host';
/** H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT, as the kernel prints them. */
const TCE_HYPERCALLS = ['28', '32', '312', '316'];

/** Whether a block says what its runbook claims of a guest that the kernel serves no table. */
type Claim = (said: string, guest: Guest) => boolean;

const noTable: Claim = (said) => /^0\nMax locked memory +\S/.test(said);
const CLAIMS: Readonly<Record<string, readonly Claim[]>> = {
  TceAccelerationLost: [
    (said, { tgid, name }) => new RegExp(`^${tgid} .*-name guest=${name}.*-uuid [0-9a-f-]{36}`, 'm').test(said),
    noTable,
    (said, guest) => isPuntedOnly(said, guest),
    (said) => /KVM: Failed to create TCE64 table for liobn 0x[0-9a-f]+/.test(said),
  ],
  TceNeverAccelerated: [noTable],
  TceAgentBlind: [(said) => said.includes('enough to trace') && /kvm_hcall_enter$/m.test(said)],
  TceCountsIncomplete: [
    (said) => /tcewatch-\S*kvm_hcall_enter\/hist: +Dropped: 0$/m.test(said) && !/(overrun|dropped events): /.test(said),
  ],
};

/** Runs each block that is meant for a host, as it is written, with the guest's names filled in. */
export async function confirmByHand(stage: Stage, guest: Guest): Promise<void> {
  stage.say('follows the runbooks on the host');
  // There is no libvirt, whose log of a guest is what its QEMU says, and no package of the agent.
  await stage.host.run(`mkdir -p /var/log/libvirt/qemu
    ln -sf /share/${guest.name}.qemu.log /var/log/libvirt/qemu/${guest.name}.log
    printf '#!/bin/bash\\nexec ${PROGRAM} "$@"\\n' > /usr/bin/tcewatch-agent
    chmod +x /usr/bin/tcewatch-agent`);
  for (const [name, claims] of Object.entries(CLAIMS)) {
    const page = await readFile(new URL(`${name}.md`, PAGES), 'utf8');
    const blocks = commandsOf(page).filter(({ place }) => place === PLACE);
    if (blocks.length !== claims.length) stage.isWrong(`${name}.md has ${blocks.length} blocks for a host`);
    for (const [i, { line, script }] of blocks.entries()) {
      const filled = script.replace('PID=...', `PID=${guest.tgid}`).replaceAll('NAME', guest.name);
      // A grep that finds nothing is an answer, too.
      const said = await stage.host.run(`${filled}true`);
      if (claims[i]?.(said, guest) !== true) stage.isWrong(`${name}.md:${line} does not say what it is to:\n${said}`);
    }
  }
}

/** Nine in ten of the guest's calls, or more, go to userspace, each of them a TCE hypercall on a LIOBN that is told. */
function isPuntedOnly(said: string, { threads }: Guest): boolean {
  const lines = said.split('\n').map((line) => line.replaceAll(/\s+/g, ' '));
  const sum = (pattern: RegExp): number => {
    const matches = lines.flatMap((line) => pattern.exec(line) ?? []);
    return matches.reduce((calls, match) => calls + Number(/hitcount: (\d+)/.exec(match)?.[1] ?? 0), 0);
  };
  const thread = `common_pid: (?:${threads.join('|')})`;
  const call = `(?:${TCE_HYPERCALLS.join('|')})`;
  const entered = sum(new RegExp(`\\{ ${thread}, req: ${call}, gpr4: [0-9a-f]+ \\} hitcount: \\d+`));
  const punted = sum(new RegExp(`\\{ ${thread}, hcall_rc: ${call} \\} hitcount: \\d+`));
  // The two triggers are set, and the two histograms read, one after the other.
  return entered > 0 && punted > 0.9 * entered;
}
