/** A guest of the host: a QEMU process with KVM, disks and a network card that make TCE hypercalls under load. */
import { hypercallName } from '@tcewatch/protocol';
import type { Hypercall } from '@tcewatch/protocol';
import { THIS_MACHINE, expectVisitor } from './connection.js';
import { LabError } from './errors.js';
import { startQemu } from './guest-qemu.js';
import type { GuestProcess, QemuPlan } from './guest-qemu.js';
import type { Host } from './host.js';
import { openShell } from './shell.js';
import type { Shell } from './shell.js';
import { mark } from './tracing.js';
import { poll } from './wait.js';

const BOOT_MS = 600_000;
/** Readings of a guest's own count in a row, of which one has to fall into a moment without a call. */
const READINGS = 3;

export interface GuestPlan extends QemuPlan {
  /** PCI address of the host's disk that is passed through from the start; else an emulated one. */
  passed?: string;
}

/** What a guest said it had issued since it began, at some instant between two marks in the ring buffer. */
export interface IssuedReading {
  from: string;
  to: string;
  issued: Map<Hypercall, number>;
}

/** One life of a guest. */
export interface Guest extends GuestProcess {
  name: string;
  /** Which life of that name, from 1. */
  life: number;
  readings: IssuedReading[];
  shell: Shell;
}

function devices(plan: GuestPlan, shellPort: number): string {
  const disk =
    plan.passed === undefined
      ? `-drive file=/tmp/${plan.name}.nvme,if=none,id=nvme,format=raw -device nvme,drive=nvme,serial=emulated`
      : `-device vfio-pci,host=${plan.passed}`;
  return `-chardev socket,id=shell,host=${THIS_MACHINE},port=${shellPort} -serial chardev:shell \\
    -kernel /guest/vmlinux -initrd /guest/initrd -append 'console=hvc0 disable_ddw ipv6.disable=1 quiet' \\
    -device spapr-vscsi,id=scsi -drive file=/tmp/${plan.name}.scsi,if=none,id=scsi0,format=raw \\
    -device scsi-hd,drive=scsi0,bus=scsi.0 -netdev user,id=net,ipv6=off -device spapr-vlan,netdev=net ${disk}`;
}

/** Starts a guest and waits until it serves; rejects with BootTimeout. `life` counts those of that name, from 1. */
export async function startGuest(host: Host, plan: GuestPlan, life: number): Promise<Guest> {
  const shellAt = await expectVisitor();
  await host.run(`truncate -s 128M /tmp/${plan.name}.nvme /tmp/${plan.name}.scsi
    chmod 666 /tmp/${plan.name}.nvme /tmp/${plan.name}.scsi`);
  const process = await startQemu(host, plan, devices(plan, shellAt.port));
  const shell = await openShell(`guest ${plan.name}`, shellAt.connection, BOOT_MS);
  return { name: plan.name, life, readings: [], shell, ...process };
}

/** Reads and writes its disks and pings the host, with pauses in which an emulated processor catches up. */
export async function startLoad(guest: Guest): Promise<void> {
  await guest.shell.run(`
    rm -f /stop /stopped
    {
      while [ ! -e /stop ]; do
        for disk in nvme0n1 sda; do
          dd if=/dev/$disk of=/dev/null bs=64k count=100 iflag=direct
          dd if=/dev/zero of=/dev/$disk bs=64k count=50 oflag=direct
          sleep 0.3
        done
      done
      touch /stopped
    } >/dev/null 2>&1 &
    ping -i 0.1 -s 1400 10.0.2.2 >/dev/null 2>&1 &`);
}

/** Ends the load, and waits until the last of it is done. */
export async function stopLoad(guest: Guest): Promise<void> {
  await guest.shell.run('killall ping; touch /stop; while [ ! -e /stopped ]; do sleep 0.2; done');
}

/** TCE hypercalls that the guest has issued since it began. */
async function issuedBy(guest: Guest): Promise<Map<Hypercall, number>> {
  return issuedCalls(await guest.shell.run('cat /sys/kernel/tracing/events/powerpc/hcall_entry/hist'));
}

/** Waits until each guest has issued that many further TCE hypercalls. */
export async function awaitCalls(guests: readonly Guest[], calls: number): Promise<void> {
  await Promise.all(
    guests.map(async (guest) => {
      const sum = async (): Promise<number> => [...(await issuedBy(guest)).values()].reduce((a, b) => a + b, 0);
      const goal = (await sum()) + calls;
      await poll(`${guest.name} makes ${calls} TCE hypercalls`, async () => ((await sum()) >= goal ? true : undefined));
    }),
  );
}

/** Reads what the guest has issued, with marks in the ring buffer around it; when it is quiet. */
export async function readIssued(host: Host, guest: Guest): Promise<void> {
  for (let i = 0; i < READINGS; i++) {
    const name = `${guest.name} life ${guest.life} reading ${guest.readings.length}`;
    const reading = { from: `${name} begins`, to: `${name} ends` };
    await mark(host, reading.from);
    const issued = await issuedBy(guest);
    await mark(host, reading.to);
    guest.readings.push({ ...reading, issued });
  }
}

/**
 * Reads how many TCE hypercalls a guest issued since its histogram began, by the text of its kernel's histogram of
 * powerpc:hcall_entry by opcode. Throws LabError when the text is not whole.
 */
export function issuedCalls(text: string): Map<Hypercall, number> {
  const [, entries] = /^ +Entries: (\d+)$/m.exec(text) ?? [];
  const [, dropped] = /^ +Dropped: (\d+)$/m.exec(text) ?? [];
  const rows = [...text.matchAll(/^\{ opcode: +(\d+) \} hitcount: +(\d+)$/gm)];
  // The sum of the rows says nothing: the kernel prints the total after them, and goes on counting meanwhile.
  if (dropped !== '0' || rows.length !== Number(entries))
    throw new LabError(`a guest's histogram is not whole:\n${text}`);
  return new Map(
    rows.flatMap(([, opcode, count]) => {
      const hypercall = hypercallName(Number(opcode));
      return hypercall === undefined ? [] : [[hypercall, Number(count)]];
    }),
  );
}
