#!/bin/sh
# build.sh PROGRAM ARCHITECTURE DIRECTORY: installs agent or collector with its production dependencies into the
# directory, for amd64, arm64 or ppc64le, whatever machine this is, with its bill of materials (CycloneDX). Run it in a
# copy of the repository: what is installed there is replaced.
set -eu
program=$1 directory=$3
case $2 in
  amd64) cpu=x64 optional= ;;
  arm64) cpu=arm64 optional= ;;
  # What is optional is the embedded ClickHouse, which there is none of.
  ppc64le) cpu=ppc64 optional=--omit=optional ;;
  *) echo "build.sh: amd64, arm64 or ppc64le, not $2" >&2 && exit 2 ;;
esac

# Not the npm that is here: Debian's knows neither --cpu nor sbom.
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
npm install --loglevel=error --global --prefix "$tools" npm@10.9.4
PATH=$tools/bin:$PATH

workspace=@tcewatch/$program
compiled="--workspace $workspace"
[ "$program" != collector ] || compiled="$compiled --workspace @tcewatch/page"
npm ci --loglevel=error --ignore-scripts $compiled --include-workspace-root
node_modules/.bin/tsc -b "$program"
[ "$program" != collector ] || npm run --silent build --workspace @tcewatch/page --workspace @tcewatch/collector
npm ci --loglevel=error --ignore-scripts --omit=dev $optional --os=linux --cpu="$cpu" --libc=glibc --workspace "$workspace"
# The page is a bundle; what builds it is there all the same.
rm -rf page/node_modules

mkdir -p "$directory"
npm sbom --loglevel=error --package-lock-only --sbom-format=cyclonedx --sbom-type=application --workspace "$workspace" \
  >sbom.json
node deploy/installed.cjs <sbom.json >"$directory/sbom.cdx.json"
rm sbom.json
# The workspaces that it needs are links in node_modules.
for link in node_modules/@tcewatch/*; do
  name=${link##*/}
  mkdir "$directory/$name"
  cp -R "$name/package.json" "$name/dist" "$directory/$name/"
  # Packages of which others need another version.
  [ ! -d "$name/node_modules" ] || cp -R "$name/node_modules" "$directory/$name/"
done
cp -RP node_modules LICENSE "$directory/"
cp -R "$program/bin" "$directory/$program/"
[ "$program" != collector ] || cp -R collector/migrations "$directory/collector/"
