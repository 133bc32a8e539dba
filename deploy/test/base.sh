#!/usr/bin/env bash
# base.sh ARCHITECTURE: prints a tar of Debian with Node, to build images on where no image can be pulled, and which suite it
# is of to standard error. It is made the first time. For another machine's architecture the packages are unpacked and not
# configured, since none can run here.
set -euo pipefail

case $1 in
  amd64) how=(--variant=minbase --include=nodejs,npm,ca-certificates) ;;
  ppc64el) how=(--variant=extract --include=base-files,nodejs,ca-certificates) ;;
  *) echo "base.sh: amd64 or ppc64el, not $1" >&2 && exit 2 ;;
esac

rules=$(dirname "$0")/../../scripts/debian.sh
. "$rules"
cache=${HOME:?}/.cache/tcewatch
tar=$cache/node-base-$1-$(cat "$0" "$rules" | sha256sum | cut -c 1-16).tar
mkdir -p "$cache"
exec 9>"$tar.lock"
flock 9
if [ ! -e "$tar" ]; then
  trap 'rm -f "$tar.part"' EXIT
  debian_root "$1" "$tar.part" --format=tar "${how[@]}" --dpkgopt=path-exclude=/usr/share/{doc,man,locale}/* >"$tar.chosen" ||
    { cat "$tar.chosen" >&2 && exit 1; }
  mv "$tar.part" "$tar"
fi
cat "$tar.chosen" >&2
echo "$tar"
