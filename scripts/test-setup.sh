#!/usr/bin/env bash
# Sets up what the tests need and npm does not bring. Says in a line each what it could not get and which tests that
# leaves out.
set -euo pipefail
cd "$(dirname "$0")/.."

has() { command -v "$@" >/dev/null; }

updated=
# install PACKAGE...: by apt where that is possible; what it could not do is seen by what is missing afterwards.
install() {
  if [ "$(id -u)" = 0 ] && has apt-get; then
    {
      if [ -z "$updated" ]; then apt-get update && updated=yes; fi
      [ -n "$updated" ] && apt-get install -y --no-install-recommends "$@"
    } >/dev/null 2>&1 || true
  fi
}

if ! node -e "require('chdb')" 2>/dev/null; then
  echo "test set-up: the embedded ClickHouse (npm package chdb) does not load here ($(uname -m)): tests of the store are left out"
fi

# The live tests put probes on a small program of their own.
{ has gcc && has nm; } || install gcc libc6-dev binutils
if ! { has gcc && has nm; }; then
  echo "test set-up: there is no C compiler (gcc, binutils): live tests of the ring are left out"
elif [ "$(uname -sm)" != "Linux x86_64" ] || [ "$(id -u)" != 0 ]; then
  echo "test set-up: not root on Linux x86_64: live tests of the ring are left out"
fi

has openssl || install openssl
has openssl || echo "test set-up: there is no openssl: tests of TLS will fail"

# Alertmanager and Prometheus. Their packages start services, which nobody needs here.
if ! { has prometheus && has promtool && has amtool; } || ! { has prometheus-alertmanager || has alertmanager; }; then
  ! has systemctl || systemctl mask prometheus prometheus-alertmanager prometheus-node-exporter >/dev/null 2>&1 || true
  install prometheus prometheus-alertmanager
fi
if ! { has prometheus && has promtool && has amtool; } || ! { has prometheus-alertmanager || has alertmanager; }; then
  echo "test set-up: Alertmanager and Prometheus (Debian packages prometheus-alertmanager, prometheus) are not all there: tests with them are left out"
fi

# Grafana asks ClickHouse by clickhouse-go; its modules need a newer Go than Debian 12 has.
if ! has go; then
  echo "test set-up: there is no go: tests of the embedded ClickHouse with clickhouse-go and Grafana's SDK are left out"
elif ! { scripts/go-program.sh clickhouse-query collector/test/clickhouse/go &&
  scripts/go-program.sh grafana-backend dashboards/test/grafana/backend; } >/dev/null; then
  echo "test set-up: the programs on clickhouse-go cannot be built (go 1.26 or newer): tests with them will fail"
fi

# The page is tested in a real browser.
has chromium || install chromium
has chromium || echo "test set-up: there is no chromium: tests of the page in a browser are left out"

# What deploy/ is made for.
has systemd-analyze || install systemd
has systemd-analyze || echo "test set-up: there is no systemd-analyze (Debian package systemd): tests of the units are left out"
has rpm || install rpm
if ! { has rpm && has dpkg-deb && has go; } || [ "$(id -u)" != 0 ]; then
  echo "test set-up: packages need root, rpm, dpkg-deb and go: their tests are left out"
elif ! deploy/test/nfpm.sh >/dev/null; then
  echo "test set-up: Go cannot build nfpm: tests of packages will fail"
fi
has go || echo "test set-up: there is no go: compose.yaml is not checked by compose's own loader"

if [ "$(uname -sm)" != "Linux x86_64" ] || [ ! -e /etc/debian_version ] || [ "$(id -u)" != 0 ]; then
  echo "test set-up: images need Debian on x86_64, as root: tests of them are left out"
elif ! deploy/test/install-tools.sh >/dev/null 2>&1; then
  echo "test set-up: buildah, mmdebstrap and qemu-user-static cannot be installed: tests of the images are left out"
fi

# The guides' commands, in a copy of this machine.
{ has curl && has ip && has unshare; } || install curl iproute2 util-linux
if ! { has curl && has ip && has unshare && has dpkg && has go; } || [ "$(id -u)" != 0 ]; then
  echo "test set-up: not root, or no curl, ip, unshare, dpkg or go: the commands of the guides are not run"
fi

# Kafka's own broker.
{ has java && has mvn && has setpriv; } || install default-jre-headless maven util-linux
if ! { has java && has mvn && has openssl && has setpriv; }; then
  echo "test set-up: Kafka needs java, mvn, openssl and setpriv: tests on a real broker are left out"
elif ! testing/broker/fetch.sh >/dev/null; then
  echo "test set-up: Kafka cannot be fetched by Maven: tests on a real broker will fail"
fi

# Kubernetes' own control plane, helm and kwok, for the chart.
recent_go() { has go && go version | grep -qE 'go1\.(2[1-9]|[3-9][0-9])'; }
recent_go || install golang-go
if ! recent_go; then
  echo "test set-up: there is no Go of 1.21 or newer: tests of the Helm chart are left out"
elif ! helm/cluster/fetch.sh >/dev/null; then
  echo "test set-up: Kubernetes and helm cannot be built: tests of the Helm chart will fail"
elif ! helm/cluster/crds.sh >/dev/null; then
  echo "test set-up: the operators' resource definitions cannot be had by go, mvn and java: tests of the Helm chart in a cluster will fail"
fi

if [ "$(uname -sm)" != "Linux x86_64" ] || [ ! -e /etc/debian_version ] || [ "$(id -u)" != 0 ]; then
  echo "test set-up: the lab needs Debian on x86_64, as root: its run on an emulated KVM host is left out"
elif ! lab/install-tools.sh >/dev/null 2>&1; then
  echo "test set-up: QEMU for ppc64 and what the lab builds its image with cannot be installed: its run will fail"
fi
