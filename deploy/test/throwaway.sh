#!/usr/bin/env bash
# throwaway.sh DIRECTORY [--alone]: runs the script on standard input in a copy of this machine, below DIRECTORY of it. What
# is written there is gone at the end, and what still runs is killed. Alone, it has a network of its own: loopback. It needs
# root.
set -euo pipefail
directory=$1
root=$(mktemp -d)
trap 'rmdir "$root"' EXIT
unshare --mount --pid --fork --kill-child ${2:+--net} bash -euc '
  root=$1 directory=$2
  mount -t tmpfs tmpfs "$root"
  # over DIRECTORY: on top of it what is written, in memory.
  over() {
    local upper
    upper=$(mktemp -d -p "$root") && mkdir "$upper/u" "$upper/w"
    mount -t overlay overlay -o "lowerdir=$1,upperdir=$upper/u,workdir=$upper/w" "$root/machine${1%/}"
  }
  mkdir "$root/machine"
  over /
  # Another file system, perhaps, of which the one above shows nothing.
  mkdir -p "$root/machine$directory"
  over "$directory"
  for own in dev sys; do mount --rbind "/$own" "$root/machine/$own"; done
  mount -t proc proc "$root/machine/proc"
  [ -z "${3-}" ] || ip link set lo up
  exec chroot "$root/machine" bash -c "cd \"\$1\" && exec bash -s" bash "$directory"
' bash "$root" "$directory" "${2-}"
