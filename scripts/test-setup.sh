#!/usr/bin/env bash
# Sets up what the tests need and npm does not bring. Says in a line each what it could not get and which tests that
# leaves out. At present npm brings everything.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! node -e "require('chdb')" 2>/dev/null; then
  echo "test set-up: the embedded ClickHouse (npm package chdb) does not load here ($(uname -m)): tests of the store are left out"
fi

if [ "$(uname -sm)" != 'Linux x86_64' ] || [ ! -e /etc/debian_version ] || [ "$(id -u)" != 0 ]; then
  echo "test set-up: the lab needs Debian on x86_64, as root: its run on an emulated KVM host is left out"
fi
