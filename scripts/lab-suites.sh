#!/usr/bin/env bash
# lab-suites.sh SUITE...: the shortest run of the lab with the kernel of each of these suites of Debian.
set -euo pipefail
cd "$(dirname "$0")/.."

failed=()
for suite; do
  echo "=== the kernel of $suite"
  node lab/dist/main.js --smoke --suite "$suite" || failed+=("$suite")
done
[ ${#failed[@]} = 0 ] || { echo "failed with the kernel of ${failed[*]}" && exit 1; }
