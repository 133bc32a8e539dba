#!/usr/bin/env bash
# Prints the directory of Kubernetes' own control plane (`cp`: main.go), helm and kwok, which it builds the first time:
# some ten minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")"

cache=${HOME:?}/.cache/tcewatch
built=$cache/k8s-$(cat go.mod go.sum main.go fetch.sh | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$built.lock"
flock 9
if [ ! -d "$built" ]; then
  part=$(mktemp -d "$built.XXXXXX")
  trap 'rm -rf "$part"' EXIT
  kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
  minor=${kubernetes#v1.}
  minor=${minor%%.*}
  # What these programs say of their version is set by the linker; without it helm believes in Kubernetes 1.20.
  flags="-s -w -X helm.sh/helm/v3/internal/version.version=$(go list -m -f '{{.Version}}' helm.sh/helm/v3)"
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=$minor"
    flags="$flags -X $package.gitTreeState=clean"
  done
  for package in pkg/chartutil pkg/lint/rules; do
    flags="$flags -X helm.sh/helm/v3/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/$package.k8sVersionMinor=$minor"
  done
  CGO_ENABLED=0 nice -n 19 go build -trimpath -ldflags "$flags" -o "$part/" \
    . helm.sh/helm/v3/cmd/helm >&2
  # A module of its own, since it is of another Kubernetes.
  GOBIN=$part CGO_ENABLED=0 nice -n 19 go install -trimpath sigs.k8s.io/kwok/cmd/kwok@v0.7.0 >&2
  mv "$part/cluster" "$part/cp"
  chmod 755 "$part"
  mv "$part" "$built"
fi
echo "$built"
