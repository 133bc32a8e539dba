#!/usr/bin/env bash
# set-up.sh list|do STAGE: what the tests of a stage (scripts/stages.js) need and npm does not bring. `list` prints what
# `do` would install and build, and changes nothing. `do` fails with the words of the tool that failed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/debian.sh

packages=()
builds=()

has() { command -v "$1" >/dev/null; }
cannot() { echo "the stage $stage cannot run here: $*" >&2 && exit 3; }

# program COMMAND PACKAGE: of Debian's, unless the command is there.
program() { has "$1" || packages+=("$2"); }
# builds SCRIPT WHAT: a script that makes something once and keeps it in ~/.cache/tcewatch.
build() { builds+=("$1"$'\t'"$2"); }

needs_root() { [ "$(id -u)" = 0 ] || cannot "it needs root"; }
needs_x86() { [ "$(uname -sm)" = "Linux x86_64" ] || cannot "it needs Linux on x86_64, and this is $(uname -sm)"; }
needs_debian() { [ -e /etc/debian_version ] || cannot "it needs Debian"; }
# needs_go MINOR: Go 1.MINOR or newer.
needs_go() {
  local version
  if ! has go; then
    cannot "it needs go 1.$1 or newer"
  fi
  version=$(go version | sed -nE 's/.* go1\.([0-9]+).*/\1/p')
  [ "$version" -ge "$1" ] || cannot "it needs go 1.$1 or newer, and this is $(go version)"
}

broker() {
  program java default-jre-headless
  program mvn maven
  program openssl openssl
  program setpriv util-linux
  build testing/broker/fetch.sh "Kafka's jars, by Maven"
}
prometheus_programs() {
  program prometheus prometheus
  program promtool prometheus
  program amtool prometheus-alertmanager
  has alertmanager || program prometheus-alertmanager prometheus-alertmanager
}
cluster_programs() {
  needs_go 21
  build helm/cluster/fetch.sh "Kubernetes, helm and kwok, by Go (ten minutes)"
}

# Stores that are killed, filled and asked a thousand things.
stage_slow() { :; }
stage_kafka() { broker; }
stage_soak() { broker; }
stage_long-soak() { broker; }
stage_node-versions() { broker; }
stage_prometheus() { prometheus_programs; }
stage_browser() { program chromium chromium; }
stage_go() {
  needs_go 26
  build "scripts/go-program.sh clickhouse-query collector/test/embedded-clickhouse/go" "a program on clickhouse-go, by Go"
  build "scripts/go-program.sh grafana-backend dashboards/test/grafana/backend" "Grafana's backend, by Go"
}
stage_kernel() {
  needs_x86 && needs_root
  program gcc gcc
  [ -e /usr/include/stdio.h ] || packages+=(libc6-dev)
  program nm binutils
  program prlimit util-linux
}
stage_packages() {
  needs_root && needs_go 21
  broker
  prometheus_programs
  program systemd-analyze systemd
  program rpm rpm
  program unshare util-linux
  has dpkg-deb || cannot "it needs dpkg-deb"
  build deploy/test/nfpm.sh "nfpm, by Go"
  build "scripts/go-program.sh compose deploy/test/compose" "compose's loader, by Go"
}
stage_images() {
  needs_x86 && needs_debian && needs_root
  program buildah buildah
  program mmdebstrap mmdebstrap
  program qemu-ppc64le-static qemu-user-static
  program unshare util-linux
  build "deploy/test/base.sh amd64" "Debian with Node for amd64"
  build "deploy/test/base.sh ppc64el" "Debian with Node for ppc64el"
}
stage_guides() {
  needs_root && needs_go 21
  broker
  prometheus_programs
  program curl curl
  program ip iproute2
  program unshare util-linux
  has dpkg || cannot "it needs dpkg"
  build deploy/test/nfpm.sh "nfpm, by Go"
}
stage_chart() { cluster_programs; }
stage_cluster() {
  cluster_programs
  broker
  build helm/cluster/crds.sh "the operators' resource definitions, by Go and Maven"
}
stage_lab() {
  needs_x86 && needs_debian && needs_root
  build lab/install-tools.sh "QEMU and what the lab's image is made with"
}
stage_lab-suites() { stage_lab; }

mode=$1
stage=$2
"stage_$stage"
mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u | sed '/^$/d')

if [ "$mode" = list ]; then
  [ ${#packages[@]} = 0 ] || echo "packages ${packages[*]}"
  for one in "${builds[@]}"; do echo "${one#*$'\t'}"; done
  exit
fi

if [ ${#packages[@]} -gt 0 ]; then
  { [ "$(id -u)" = 0 ] && has apt-get; } || cannot "there is no ${packages[*]} (Debian's names), and only root can install them"
  # Those of Prometheus start services, which nobody needs here.
  ! has systemctl || systemctl mask prometheus prometheus-alertmanager prometheus-node-exporter >/dev/null 2>&1 || true
  # One at a time, whoever else sets something up on this machine.
  mkdir -p "${HOME:?}/.cache/tcewatch"
  exec 8>"$HOME/.cache/tcewatch/packages.lock"
  flock 8
  install_packages "${packages[@]}"
  exec 8>&-
fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for one in "${builds[@]}"; do
  read -ra script <<<"${one%%$'\t'*}"
  if ! "${script[@]}" >"$log" 2>&1; then
    echo "set-up of the stage $stage failed: ${one#*$'\t'} (${script[*]}); its last lines:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
done
