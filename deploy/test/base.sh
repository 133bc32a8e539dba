#!/usr/bin/env bash
# base.sh ARCHITECTURE: prints a tar of Debian with Node, to build images on where no image can be pulled. It is made the
# first time. For another machine's architecture the packages are unpacked and not configured, since none can run here.
set -euo pipefail

case $1 in
  amd64) how=(--variant=minbase --include=nodejs,npm,ca-certificates) ;;
  ppc64el) how=(--variant=extract --include=base-files,nodejs,ca-certificates) ;;
  *) echo "base.sh: amd64 or ppc64el, not $1" >&2 && exit 2 ;;
esac

# This machine's own, without the security archive, whose indices change while they are fetched.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -v security)
cache=${HOME:?}/.cache/tcewatch
tar=$cache/node-base-$1-$(sha256sum "$0" | cut -c 1-16).tar
mkdir -p "$cache"
exec 9>"$tar.lock"
flock 9
if [ ! -e "$tar" ]; then
  trap 'rm -f "$tar.part"' EXIT
  mmdebstrap --quiet --format=tar --architectures="$1" "${how[@]}" \
    --dpkgopt=path-exclude=/usr/share/{doc,man,locale}/* trixie "$tar.part" "$mirror" >&2
  mv "$tar.part" "$tar"
fi
echo "$tar"
