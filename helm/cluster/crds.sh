#!/usr/bin/env bash
# Prints the directory of the resource definitions of Prometheus' operator, from its own Go module.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
go mod init tcewatch.local/crds 2>/dev/null
module=github.com/prometheus-operator/prometheus-operator@v0.85.0
echo "$(go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')/example/prometheus-operator-crd"
