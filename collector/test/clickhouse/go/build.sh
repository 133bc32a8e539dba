#!/usr/bin/env bash
# Builds the program and prints its path; once for each state of its sources.
set -euo pipefail
cd "$(dirname "$0")"

cache=${HOME:?}/.cache/tcewatch
program=$cache/clickhouse-query-$(cat main.go go.mod go.sum | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$program.lock"
flock 9
[ -x "$program" ] || GOFLAGS=-mod=readonly go build -trimpath -o "$program" . >&2
echo "$program"
