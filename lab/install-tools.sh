#!/usr/bin/env bash
# Installs what the lab needs of this machine and what is not there yet, from Debian's packages; says nothing when all is.
set -euo pipefail
. "$(dirname "$0")/../scripts/debian.sh"

declare -A package=([qemu-system-ppc64]=qemu-system-ppc [mmdebstrap]=mmdebstrap [mkfs.ext4]=e2fsprogs [cpio]=cpio
  [depmod]=kmod [powerpc64le-linux-gnu-gcc]=gcc-powerpc64le-linux-gnu)
missing=()
for tool in "${!package[@]}"; do command -v "$tool" >/dev/null || missing+=("${package[$tool]}"); done
[ -e /usr/powerpc64le-linux-gnu/include/stdio.h ] || missing+=(libc6-dev-ppc64el-cross)
[ ${#missing[@]} -gt 0 ] || exit 0

install_packages "${missing[@]}"
