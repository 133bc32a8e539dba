#!/usr/bin/env bash
# build.sh SUITE DIRECTORY: makes from Debian's packages what the lab boots: `vmlinux` and `initrd.gz` of the host, `host.img`
# (its root file system, with QEMU, node, crun, and the kernel and initramfs of its guests), `kernel` (their version) and
# `chosen` (which packages these are, a line each, for people). The kernel is of the suite (kernel.sh). Runs as root on Debian
# x86_64 with what ../install-tools.sh installs, takes about two minutes. No ppc64le program is run: packages are only unpacked.
set -euo pipefail

suite=$1 target=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d -p "$(dirname "$target")" work.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"

. "$here/../../scripts/debian.sh"

say() { echo "build: $*"; }

fetch_kernel() {
  bash "$here/kernel.sh" "$suite" . | tee -a chosen
  kernel=$(cat kernel)
  mkdir -p modules/lib && ln -s "$work/unpacked/$(cd unpacked && ls -d usr/lib/modules lib/modules 2>/dev/null | tail -n1)" modules/lib/modules
  local image
  for image in "unpacked/boot/vmlinux-$kernel" "modules/lib/modules/$kernel/vmlinuz"; do
    [ -e "$image" ] && cp "$image" vmlinux && break
  done
  # busybox' modprobe, which the initramfs has, does not read compressed modules.
  find "modules/lib/modules/$kernel/" -name '*.ko.xz' -exec xz -d {} +
  depmod -b modules "$kernel"
}

make_root() {
  local packages=base-files,bash,coreutils,util-linux,mount,kmod,grep,sed,findutils,procps,iproute2,busybox-static,nodejs
  packages+=,qemu-system-ppc,qemu-system-data,crun
  debian_root ppc64el root --variant=extract --include="$packages" | tee -a chosen
  local d
  for d in bin sbin lib lib64; do
    [ -e "root/$d" ] || [ ! -d "root/usr/$d" ] || ln -s "usr/$d" "root/$d"
  done
  mkdir -p root/{proc,sys,dev,run,tmp,share,guest,agent}
}

# initramfs INIT MODULE...: an initramfs of busybox, INIT, and the modules with what they need, to standard output.
initramfs() {
  local init=$1 tree
  shift
  tree=$(mktemp -d -p "$work")
  mkdir -p "$tree"/{bin,proc,sys,dev,newroot,tmp}
  cp root/usr/bin/busybox "$tree/bin/busybox"
  ln -s busybox "$tree/bin/sh"
  install -m 755 "$init" "$tree/init"
  cp "$here/serve.sh" "$tree/serve.sh"
  copy_modules "$tree/lib/modules/$kernel" "$@"
  (cd "$tree" && find . | cpio -o -H newc --quiet)
}

copy_modules() {
  local to=$1 from=modules/lib/modules/$kernel module
  shift
  mkdir -p "$to"
  cp "$from"/modules.{builtin,builtin.modinfo,order} "$to"
  # A module that this kernel has built in, or does not have, is no error here: the host says what it lacks when it runs.
  for module in "$@"; do modprobe -d modules -S "$kernel" --show-depends "$module" 2>/dev/null || true; done |
    sed -n 's/^insmod \(\S*\).*/\1/p' | sort -u | while read -r file; do
    local at=${file#*/modules/"$kernel"/}
    mkdir -p "$to/$(dirname "$at")"
    cp "$file" "$to/$at"
  done
  depmod -b "${to%/lib/modules/*}" "$kernel"
}

say "fetches a kernel and the host's root file system"
fetch_kernel
make_root

say "makes the initramfs of host and guests"
host_modules=(virtio_pci virtio_blk virtio_net ext4 9pnet_virtio 9p crc32c_generic kvm kvm-hv vfio-pci vfio_iommu_spapr_tce nvme)
guest_modules=(ibmvscsi sd_mod ibmveth nvme 8139cp)
initramfs "$here/host-initramfs.sh" "${host_modules[@]}" | gzip -1 >initrd.gz
initramfs "$here/guest-init.sh" "${guest_modules[@]}" >root/guest/initrd
copy_modules "root/usr/lib/modules/$kernel" "${host_modules[@]}"
cp vmlinux root/guest/vmlinux
install -m 755 "$here/host-init.sh" root/usr/sbin/lab-init
cp "$here/serve.sh" root/usr/sbin/lab-serve.sh
for fault in refuse-tables hide-tce-vfio; do
  powerpc64le-linux-gnu-gcc -Wall -Werror -shared -fPIC -O1 -o "root/guest/$fault.so" "$here/$fault.c"
done
powerpc64le-linux-gnu-gcc -c -mbig -o flood.o "$here/flood.S"
powerpc64le-linux-gnu-objcopy -O binary flood.o root/guest/flood.bin

say "writes the disk"
truncate -s 2G host.img
mkfs.ext4 -q -F -d root host.img
mkdir result
mv vmlinux initrd.gz host.img kernel chosen result/
rm -rf "$target"
mv result "$target"
say "made $target with $kernel"
