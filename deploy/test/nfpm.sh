#!/usr/bin/env bash
# Prints the directory of nfpm, which makes packages; Go builds it the first time.
set -euo pipefail

version=2.43.4
directory=${HOME:?}/.cache/tcewatch/nfpm-$version
mkdir -p "${directory%/*}"
exec 9>"$directory.lock"
flock 9
[ -x "$directory/nfpm" ] || GOBIN=$directory go install "github.com/goreleaser/nfpm/v2/cmd/nfpm@v$version" >&2
echo "$directory"
