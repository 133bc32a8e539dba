# What is taken from Debian's mirrors, for bash to source: packages for this machine, and those for another one, which are
# only unpacked. A mirror may list what it does not have, as when one of a point release is not there yet: then the next
# candidate is taken, and a line says which and why.

# In this order, where no suite is asked for: the stable one, whose Node (20.19) is what hosts run, and those after it.
DEBIAN_SUITES=(trixie forky sid)

# The mirror of this machine's apt, or DEBIAN_MIRROR. Without the security archive, whose indices change while they are
# fetched.
debian_mirror() {
  echo "${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | awk '!/security/ && !n++')}"
}

# debian_source SUITE: its line for sources.list.
debian_source() {
  local options=signed-by=/usr/share/keyrings/debian-archive-keyring.gpg
  # Suites that still move: this machine's keyring may be older than their keys, and a mirror may not follow each week.
  case $1 in forky | sid) options='trusted=yes check-valid-until=no' ;; esac
  [ -z "${DEBIAN_MIRROR:-}" ] || options='trusted=yes check-valid-until=no'
  echo "deb [$options] $(debian_mirror) $1 main"
}

# answer LOG: why apt or mmdebstrap failed: the package that could not be had with what the mirror said, or the last errors.
answer() {
  local refused first file
  refused=$(sed -nE 's|^E: Failed to fetch [^ ]*/([^ /]+) +(.*)|\1: \2|p' "$1" | sed 's/ *\[IP:.*//')
  if [ -n "$refused" ]; then
    first=${refused%%$'\n'*} file=${refused%%: *}
    printf '%b%s' "${file//%/\\x}" "${first#"$file"}" | tr -s ' '
    local more=$(($(wc -l <<<"$refused") - 1))
    [ "$more" = 0 ] || printf ', and %d more' "$more"
  else
    { grep -E '^(E:|Err:|  [0-9]{3} )' "$1" || tail -n 3 "$1"; } | tail -n 3 | sed 's/ *\[IP:.*//' | paste -sd ' ' | tr -s ' '
  fi
}

# first_of WHAT ATTEMPT CANDIDATE...: runs `ATTEMPT CANDIDATE` until one succeeds. Prints a line: which one is taken, and what
# the mirror answered for those before it; or that none can be had, and fails.
first_of() {
  local what=$1 attempt=$2 candidate log missed=
  shift 2
  log=$(mktemp)
  for candidate; do
    if "$attempt" "$candidate" >"$log" 2>&1; then
      echo "takes $what: $candidate${missed:+; not to be had:$missed}"
      rm "$log"
      return
    fi
    missed+="${missed:+;} $candidate ($(answer "$log"))"
  done
  rm "$log"
  echo "cannot have $what at $(debian_mirror):$missed"
  return 1
}

# debian_root ARCHITECTURE TARGET OPTION...: makes a root file system by mmdebstrap with these options, of the first of
# DEBIAN_SUITES of which all packages can be had.
debian_root() {
  root=("$2" --architectures="$1" "${@:3}")
  first_of "Debian for $1" root_of "${DEBIAN_SUITES[@]}"
}

root_of() {
  rm -rf "${root[0]}"
  mmdebstrap "${root[@]:1}" "$1" "${root[0]}" "$(debian_source "$1")"
}

# install_packages PACKAGE...: installs them on this machine. Waits for another apt that is at work, and has lists of its own,
# for which there is no waiting.
install_packages() {
  local work lists
  work=$(mktemp -d)
  chmod 755 "$work"
  lists=(-q -o "Dir::State::Lists=$work/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
  mkdir -p "$work/lists/partial"
  echo "installs $*"
  if apt-get "${lists[@]}" update >"$work/log" 2>&1 &&
    DEBIAN_FRONTEND=noninteractive apt-get "${lists[@]}" -o DPkg::Lock::Timeout=600 -y --no-install-recommends \
      install "$@" >>"$work/log" 2>&1 </dev/null; then
    rm -r "$work"
    return
  fi
  echo "apt-get could not install $*; its last lines:" >&2
  tail -n 15 "$work/log" >&2
  rm -r "$work"
  return 1
}
