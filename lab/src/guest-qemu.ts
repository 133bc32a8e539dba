/** The QEMU process of a guest, on the host, and its machine protocol. */
import type { Duplex } from 'node:stream';
import { z } from 'zod';
import { THIS_MACHINE, expectVisitor, linesOf } from './connection.js';
import { BootTimeout, LabError } from './errors.js';
import { QUIRKS } from './host.js';
import type { Host } from './host.js';
import { within } from './wait.js';

const START_MS = 300_000;

export interface QemuPlan {
  name: string;
  uuid: string;
  /** Preloaded into it: image/NAME.c. */
  fault?: 'refuse-tables' | 'hide-tce-vfio';
  /** User that it runs as, as libvirt has one of its own; else root. */
  user?: number;
}

export interface GuestProcess {
  tgid: number;
  /** Thread ids of its virtual processors. */
  threads: number[];
  qmp: Qmp;
}

/** QEMU's machine protocol: commands as JSON lines; its events are not of interest here. */
export interface Qmp {
  /** Resolves to the command's return value; rejects with LabError in QEMU's words. One command at a time. */
  execute(command: string, parameters?: Record<string, unknown>): Promise<unknown>;
}

const answerSchema = z.union([z.object({ return: z.unknown() }), z.object({ error: z.object({ desc: z.string() }) })]);

const cpusSchema = z.array(z.object({ 'thread-id': z.int() }));

/** Starts it with `devices`; its first console is /share/NAME.console. Rejects with BootTimeout. */
export async function startQemu(host: Host, plan: QemuPlan, devices: string): Promise<GuestProcess> {
  const { name, uuid, fault, user } = plan;
  const qmpAt = await expectVisitor();
  const environment = fault === undefined ? '' : `LD_PRELOAD=/guest/${fault}.so`;
  const as = user === undefined ? '' : `setpriv --reuid=${user} --regid=${user} --clear-groups`;
  const tgid = await host.run(`
    touch /share/${name}.console
    chmod 666 /share/${name}.console /dev/kvm
    ulimit -l unlimited
    exec env ${environment} ${as} qemu-system-ppc64 -name guest=${name},debug-threads=on -uuid ${uuid} \\
      -M pseries,accel=kvm,${QUIRKS} -cpu host -smp 1 -m 512M -display none -nodefaults \\
      -chardev file,id=console,path=/share/${name}.console,append=on -serial chardev:console \\
      -chardev socket,id=qmp,host=${THIS_MACHINE},port=${qmpAt.port} -mon chardev=qmp,mode=control \\
      ${devices} >> /share/${name}.qemu.log 2>&1 &
    echo $!`);
  const qmp = await within(
    START_MS,
    qmpAt.connection.then((stream) => openQmp(name, stream)),
    () => new BootTimeout(`QEMU of ${name} did not come up in ${START_MS / 1000} s`),
  );
  const threads = cpusSchema.parse(await qmp.execute('query-cpus-fast')).map((cpu) => cpu['thread-id']);
  return { tgid: Number(tgid), threads, qmp };
}

/** Stops it and waits until the process is gone. */
export async function stopQemu(host: Host, { qmp, tgid }: GuestProcess): Promise<void> {
  await qmp.execute('quit');
  await host.run(`while [ -e /proc/${tgid}/exe ]; do sleep 0.2; done`);
}

async function openQmp(name: string, stream: Duplex): Promise<Qmp> {
  const nextLine = linesOf(`QEMU of ${name}`, stream);

  async function execute(command: string, parameters: Record<string, unknown> = {}): Promise<unknown> {
    stream.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    for (;;) {
      const answer = answerSchema.safeParse(JSON.parse(await nextLine()));
      if (!answer.success) continue;
      if ('error' in answer.data) throw new LabError(`QEMU of ${name} refuses ${command}: ${answer.data.error.desc}`);
      return answer.data.return;
    }
  }

  await nextLine(); // the greeting
  await execute('qmp_capabilities');
  return { execute };
}
