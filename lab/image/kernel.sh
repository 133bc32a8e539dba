#!/usr/bin/env bash
# kernel.sh SUITE DIRECTORY: unpacks a ppc64el kernel with 64K pages into DIRECTORY/unpacked; its version goes to
# DIRECTORY/kernel. It is the newest of Debian's suite that the mirror has; for `any`, of the first of DEBIAN_SUITES that has
# one. Says in a line which one it is.
set -euo pipefail

suites=("$1") directory=$(cd "$2" && pwd)
. "$(dirname "$0")/../../scripts/debian.sh"
[ "$1" != any ] || suites=("${DEBIAN_SUITES[@]}")
cd "$directory"

# apt for ppc64el and one suite, apart from this machine's own.
ppc() {
  "$1" -q -o Dir::Etc::sourcelist="$directory/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::State::Lists="$directory/apt/lists" -o Dir::Cache="$directory/apt/cache" -o Dir::State::status=/dev/null \
    -o APT::Architecture=ppc64el -o APT::Architectures=ppc64el -o APT::Sandbox::User=root "${@:2}"
}

# index SUITE: what there is in it.
index() {
  rm -rf apt && mkdir -p apt/lists/partial apt/cache/archives/partial
  debian_source "$1" >apt/sources.list
  ppc apt-get -o APT::Update::Error-Mode=any update
}

# versions SUITE: of its kernels, the newest first.
versions() {
  # Until bookworm there was one flavour, and its pages were 64K.
  local flavour='powerpc64le-64k$'
  [ "$1" != bookworm ] || flavour='powerpc64le$'
  ppc apt-cache search -n "^linux-image-[0-9].*-$flavour" | sed 's/^linux-image-//; s/ .*//' | sort -Vr
}

# download VERSION: its packages.
download() {
  local part packages=()
  # From 7.x on a kernel is spread over several packages.
  for part in image modules binary base; do
    ! ppc apt-cache show "linux-$part-$1" >/dev/null 2>&1 || packages+=("linux-$part-$1")
  done
  rm -rf packages && mkdir packages && (cd packages && ppc apt-get download "${packages[@]}") && echo "$1" >kernel
}

for suite in "${suites[@]}"; do
  if ! index "$suite" >log 2>&1; then
    echo "cannot have the index of $suite at $(debian_mirror): $(answer log)"
  elif mapfile -t found < <(versions "$suite") && [ ${#found[@]} = 0 ]; then
    echo "there is no ppc64el kernel with 64K pages in $suite at $(debian_mirror)"
  elif first_of "$suite's kernel" download "${found[@]}"; then
    for deb in packages/*.deb; do dpkg-deb -x "$deb" unpacked; done
    exit
  fi
done
exit 1
