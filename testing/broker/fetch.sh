#!/usr/bin/env bash
# Prints the directory of the broker's jars (pom.xml), which it fetches by Maven the first time.
set -euo pipefail
cd "$(dirname "$0")"

cache=${HOME:?}/.cache/tcewatch
jars=$cache/kafka-4.1.0-$(sha256sum pom.xml | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$jars.lock"
flock 9
if [ ! -d "$jars" ]; then
  part=$(mktemp -d "$jars.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  mvn -q -B -f pom.xml dependency:copy-dependencies -DoutputDirectory="$part" -DincludeScope=runtime >&2
  chmod 755 "$part"
  mv "$part" "$jars"
fi
echo "$jars"
