#!/usr/bin/env bash
# node-versions.sh MAJOR...: runs the quick tests and those with Kafka, whose client lives by timers, on each of these
# versions of Node, which the npm package `node` brings.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=()
for major; do
  npm install --silent --no-save --no-package-lock --allow-scripts=all --prefix "$work/$major" "node@$major"
  bin=$work/$major/node_modules/node/bin
  echo "=== Node $("$bin/node" --version)"
  PATH=$bin:$PATH "$bin/node" node_modules/vitest/vitest.mjs run --project quick --project kafka || failed+=("$major")
done
[ ${#failed[@]} = 0 ] || { echo "failed on Node ${failed[*]}" && exit 1; }
