#!/usr/bin/env bash
# image.sh DIRECTORY IMAGE...: builds images, named as agent-amd64 or collector-ppc64le, all at once, on a base that base.sh
# makes. Each one's root file system is then DIRECTORY/IMAGE/root, and what buildah says of it DIRECTORY/IMAGE/image.json.
# Needs root on x86_64, Debian, and what install-tools.sh installs.
set -euo pipefail

mkdir -p "$1"
directory=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."

storage=$(mktemp -d "$directory/storage.XXXXXX")
trap 'rm -rf "$storage"' EXIT
export BUILDAH_ISOLATION=chroot TMPDIR=$storage
# vfs copies layers rather than mounting one over the other, for which to be root is not enough everywhere.
buildah() { command buildah --storage-driver vfs --root "$storage/root" --runroot "$storage/run" "$@"; }

# The repository without what is installed and built in it, which buildah would look through file by file.
mkdir "$storage/context"
tar --exclude=./.git --exclude=node_modules --exclude=dist --exclude=./recordings/data -cf - . | tar -xf - -C "$storage/context"

# base ARCHITECTURE DEBIAN'S-NAME: an image of it, node-ARCHITECTURE.
base() {
  local container tar
  tar=$(deploy/test/base.sh "$2")
  container=$(buildah from --arch "$1" scratch)
  buildah add --quiet "$container" "$tar" / >/dev/null
  buildah config --arch "$1" "$container"
  buildah commit --quiet --rm "$container" "localhost/node-$1" >/dev/null
}

# The host's authorities, and what npm has fetched before, for the stage that builds; neither is part of the image.
npm=$(npm config get cache 2>/dev/null)
mkdir -p "$npm"
volumes=(--volume "$npm:/root/.npm")
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || volumes+=(--volume "$NODE_EXTRA_CA_CERTS:/etc/ssl/certs/ca-certificates.crt:ro")

build() {
  local program=${1%-*} architecture=${1#*-} to=$directory/$1
  mkdir -p "$to"
  # BUILDPLATFORM, since Buildah 1.28 does not know it by itself; Docker's format, for OCI's has no HEALTHCHECK.
  buildah build --quiet --pull-never --format docker --platform "linux/$architecture" \
    --file "deploy/$program.Containerfile" --build-arg BUILDPLATFORM=linux/amd64 \
    --build-arg BUILD_BASE=localhost/node-amd64 --build-arg "BASE=localhost/node-$architecture" \
    "${volumes[@]}" --tag "$1" "$storage/context" >"$to/log" 2>&1
  buildah inspect --type image "$1" >"$to/image.json"
  mv "$(buildah mount "$(buildah from --pull-never --arch "$architecture" "$1")")" "$to/root"
}

base amd64 amd64
[[ "$*" != *-ppc64le* ]] || base ppc64le ppc64el
declare -A builds
for image; do
  build "$image" &
  builds[$image]=$!
done
for image; do
  wait "${builds[$image]}" || { cat "$directory/$image/log" >&2 && exit 1; }
done
