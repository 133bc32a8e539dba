#!/usr/bin/env bash
# Prints the directory of the operators' resource definitions that the chart has resources of, made the first time: those
# of Prometheus' operator from its own Go module, Strimzi's by Strimzi's own generator (strimzi.xml). Of Altinity's there
# is a stand-in, altinity.yaml.
set -euo pipefail
cd "$(dirname "$0")"

cache=${HOME:?}/.cache/tcewatch
crds=$cache/crds-$(cat crds.sh strimzi.xml altinity.yaml | sha256sum | cut -c 1-16)
mkdir -p "$cache"
exec 9>"$crds.lock"
flock 9
if [ ! -d "$crds" ]; then
  part=$(mktemp -d "$crds.XXXXXX")
  work=$(mktemp -d)
  trap 'rm -rf "$part" "$work"' EXIT

  (cd "$work" && go mod init tcewatch.local/crds) 2>/dev/null
  module=github.com/prometheus-operator/prometheus-operator@v0.85.0
  module=$(cd "$work" && go mod download -json "$module" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  for kind in servicemonitors podmonitors prometheusrules; do
    cp "$module/example/prometheus-operator-crd/monitoring.coreos.com_$kind.yaml" "$part/"
  done

  mvn -q -B -f strimzi.xml dependency:copy-dependencies -DoutputDirectory="$work/jars" -DincludeScope=runtime >&2
  # The generator brings classes of its own version of what the resources are made of, which have to come first.
  java -cp "$work/jars/crd-generator-0.45.0.jar:$work/jars/*" io.strimzi.crdgenerator.CrdGenerator --yaml \
    io.strimzi.api.kafka.model.topic.KafkaTopic="$part/kafkatopics.yaml" \
    io.strimzi.api.kafka.model.user.KafkaUser="$part/kafkausers.yaml" 2>/dev/null

  cp altinity.yaml "$part/"
  chmod -R u+w,a+rX "$part"
  mv "$part" "$crds"
fi
echo "$crds"
