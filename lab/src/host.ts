/** The host: a ppc64le machine with KVM-HV, emulated by QEMU on this one. */
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startChild } from './child.js';
import type { Child } from './child.js';
import { LabError } from './errors.js';
import type { Image } from './image.js';
import { openShell } from './shell.js';
import type { Shell } from './shell.js';
import { expectVisitor } from './connection.js';

const BOOT_MS = 600_000;
const PASSED_DISK_BYTES = 256 * 2 ** 20;

/** Two NVMe disks, each on a PCI host bridge and so in an IOMMU group of its own, to be passed through to guests. */
export const PASSED_DISKS = { first: '0001:00:00.0', second: '0002:00:00.0' } as const;

export interface Host extends Shell {
  /** Directory of this machine that the host has at /share. */
  share: string;
  /** Rejects with LabError when QEMU had ended before it was asked to. */
  stop(): Promise<void>;
}

/** The emulator has no speculation barriers to offer, so the machine must not promise any. */
export const QUIRKS = 'cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off';

function qemu(image: Image, directory: string, agentDisk: string, port: number): string[] {
  const disk = (n: number): string[] => [
    ...['-device', `spapr-pci-host-bridge,index=${n},id=bridge${n}`],
    ...['-drive', `file=${join(directory, `disk${n}.img`)},if=none,id=disk${n},format=raw`],
    ...['-device', `nvme,drive=disk${n},serial=passed${n},bus=bridge${n}.0`],
  ];
  return [
    ...['-M', `pseries,cap-nested-hv=on,${QUIRKS}`, '-cpu', 'power9', '-accel', 'tcg,thread=multi'],
    ...['-smp', '2', '-m', '8G', '-nographic', '-nodefaults', '-serial', `file:${join(directory, 'host.console')}`],
    ...['-kernel', join(image.directory, 'vmlinux'), '-initrd', join(image.directory, 'initrd.gz')],
    ...['-append', `console=hvc0 lab.port=${port}`],
    ...['-drive', `file=${join(image.directory, 'host.img')},format=raw,if=none,id=root,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=root,bus=pci.0'],
    ...['-drive', `file=${agentDisk},format=raw,if=none,id=agent,readonly=on`],
    ...['-device', 'virtio-blk-pci,drive=agent,bus=pci.0'],
    ...['-netdev', 'user,id=net', '-device', 'virtio-net-pci,netdev=net,romfile=,bus=pci.0'],
    ...['-fsdev', `local,path=${join(directory, 'share')},security_model=none,id=share`],
    ...['-device', 'virtio-9p-pci,fsdev=share,mount_tag=share,bus=pci.0'],
    ...disk(1),
    ...disk(2),
  ];
}

/** Takes the two disks from the host's own driver, to be passed through. */
export async function preparePassthrough(host: Host): Promise<void> {
  await host.run(`set -e
    modprobe -a vfio_iommu_spapr_tce vfio-pci
    for disk in ${Object.values(PASSED_DISKS).join(' ')}; do
      device=/sys/bus/pci/devices/$disk
      [ ! -e $device/driver ] || echo $disk > $device/driver/unbind
      echo vfio-pci > $device/driver_override
      echo $disk > /sys/bus/pci/drivers_probe
    done`);
}

/** The host's clock, in milliseconds since 1970. */
export async function hostTime(host: Host): Promise<number> {
  return Number(await host.run('date +%s%3N'));
}

/** Boots the host; its files, the console's log among them, go to `directory`. Rejects with BootTimeout. */
export async function bootHost(image: Image, directory: string, agentDisk: string): Promise<Host> {
  const share = join(directory, 'share');
  await mkdir(share, { recursive: true });
  for (const n of [1, 2]) {
    const disk = join(directory, `disk${n}.img`);
    await writeFile(disk, '');
    await truncate(disk, PASSED_DISK_BYTES);
  }
  const visitor = await expectVisitor();
  const command: [string, ...string[]] = ['qemu-system-ppc64', ...qemu(image, directory, agentDisk, visitor.port)];
  const log = join(directory, 'qemu.log');
  const child = await startChild(command, log, 'ignore');
  try {
    const died = child.ended.then(() => {
      throw new LabError(`QEMU of the host ended at once; see ${log}`);
    });
    const shell = await Promise.race([openShell('the host', visitor.connection, BOOT_MS), died]);
    return { ...shell, share, stop: () => stopQemu(child, log) };
  } catch (error) {
    await child.stop('SIGKILL');
    throw error;
  }
}

async function stopQemu(child: Child, log: string): Promise<void> {
  if (!(await child.stop('SIGKILL'))) throw new LabError(`QEMU of the host ended by itself; see ${log}`);
}
