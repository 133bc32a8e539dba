#!/usr/bin/env bash
# go-program.sh NAME DIRECTORY: prints the path of the Go program whose sources are in the directory, which is built once
# for each state of them.
set -euo pipefail
name=$1
cd "$2"

cache=${HOME:?}/.cache/tcewatch
program=$cache/$name-$(cat ./*.go go.mod go.sum | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$program.lock"
flock 9
[ -x "$program" ] || GOFLAGS=-mod=readonly go build -trimpath -o "$program" . >&2
echo "$program"
