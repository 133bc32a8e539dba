#!/usr/bin/env bash
# Installs what images are built and tried with here and what is not there yet, from Debian's packages; says nothing when all is.
set -euo pipefail
. "$(dirname "$0")/../../scripts/debian.sh"

declare -A package=([buildah]=buildah [mmdebstrap]=mmdebstrap [unshare]=util-linux
  [qemu-ppc64le-static]=qemu-user-static)
missing=()
for tool in "${!package[@]}"; do command -v "$tool" >/dev/null || missing+=("${package[$tool]}"); done
[ ${#missing[@]} -gt 0 ] || exit 0

install_packages "${missing[@]}"
