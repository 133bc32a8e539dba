#!/usr/bin/env bash
# build.sh PROGRAM ARCHITECTURE TREE DIRECTORY: makes the Debian and the RPM package of agent or collector, for amd64 or
# ppc64le, of what deploy/build.sh made (or of /opt/tcewatch of an image), into the directory. It needs nfpm 2.43.4.
set -euo pipefail
program=$1 arch=$2
tree=$(realpath "$3") out=$(realpath "$4")
cd "$(dirname "$0")/../.."

case $program in
  agent) description="Counts TCE hypercalls on a POWER KVM host" ;;
  collector) description="Stores counts of TCE hypercalls in ClickHouse and tells of lost acceleration" ;;
  *) echo "build.sh: agent or collector, not $program" >&2 && exit 2 ;;
esac
version=$(node -p "require('./package.json').version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in nfpm.yaml postinstall.sh preremove.sh postremove.sh; do
  sed "s|@PROGRAM@|$program|g; s|@ARCH@|$arch|; s|@VERSION@|$version|; s|@DESCRIPTION@|$description|; s|@TREE@|$tree|; s|@SCRIPTS@|$work|" \
    "deploy/packages/$file" >"$work/$file"
done

for format in deb rpm; do
  nfpm package --config "$work/nfpm.yaml" --packager "$format" --target "$out"
done
