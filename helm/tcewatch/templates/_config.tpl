{{/* Port of a configuration. (list CONFIG DEFAULT) */}}
{{- define "tcewatch.port" -}}
{{ dig "listen" "port" (index . 1) (index . 0) | int }}
{{- end }}

{{/* How both parts reach the Kafka that Strimzi runs. (list CONTEXT PART) */}}
{{- define "tcewatch.strimziConfig" -}}
{{- $strimzi := (index . 0).Values.strimzi -}}
kafka:
  brokers: ["{{ $strimzi.cluster }}-kafka-bootstrap:{{ $strimzi.port }}"]
  tls:
    enabled: true
    ca: { file: /etc/tcewatch/secrets/kafka-ca/ca.crt }
    {{- if eq $strimzi.authentication "tls" }}
    cert: { file: /etc/tcewatch/secrets/kafka-user/user.crt }
    key: { file: /etc/tcewatch/secrets/kafka-user/user.key }
    {{- end }}
  {{- if eq $strimzi.authentication "scram-sha-512" }}
  sasl:
    mechanism: scram-sha-512
    username: {{ include "tcewatch.fullname" (index . 0) }}-{{ index . 1 }}
    password: { file: /etc/tcewatch/secrets/kafka-user/password }
  {{- end }}
{{- end }}

{{/* The collector's configuration: what the chart knows, and over it what was given. */}}
{{- define "tcewatch.collectorConfig" -}}
{{- $config := dict -}}
{{- if or .Values.intakeToken.existingSecret .Values.intakeToken.create -}}
{{- $_ := set $config "intake" (dict "token" (dict "file" "/etc/tcewatch/secrets/intake/token")) -}}
{{- end -}}
{{- if .Values.strimzi.enabled -}}
{{- $config = mergeOverwrite $config (include "tcewatch.strimziConfig" (list . "collector") | fromYaml) -}}
{{- $_ := set $config.kafka "topics" (dict "create" false) -}}
{{- end -}}
{{- with .Values.clickhouseInstallation -}}
{{- if .enabled -}}
{{- $name := include "tcewatch.fullname" $ -}}
{{- $login := dict "user" "tcewatch" "password" (dict "file" "/etc/tcewatch/secrets/clickhouse/password") -}}
{{- $_ := set $config "clickhouse" (set $login "url" (printf "http://clickhouse-%s:8123" $name)) -}}
{{- if .keeper -}}{{- $_ := set $config.clickhouse "cluster" "tcewatch" -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config (deepCopy .Values.collector.config)) -}}
{{- end }}

{{/* The agent's configuration: what the chart knows, and over it what was given, for all and for a pool.
(list CONTEXT POOL-VALUES) */}}
{{- define "tcewatch.agentConfig" -}}
{{- $context := index . 0 -}}
{{- $given := mergeOverwrite (deepCopy $context.Values.agent.config) (deepCopy (default dict (index . 1).config)) -}}
{{- $config := dict -}}
{{- if $context.Values.strimzi.enabled -}}
{{- $config = include "tcewatch.strimziConfig" (list $context "agent") | fromYaml -}}
{{- end -}}
{{- if dig "kafka" "brokers" "" (mergeOverwrite (deepCopy $config) (deepCopy $given)) -}}
{{- $_ := set $config "transport" "kafka" -}}
{{- else if $context.Values.collector.enabled -}}
{{- $_ := set $config "transport" "http" -}}
{{- $collector := include "tcewatch.collectorConfig" $context | fromYaml -}}
{{- $scheme := include "tcewatch.scheme" $collector | lower -}}
{{- $port := include "tcewatch.port" (list $collector 9915) -}}
{{- $host := printf "%s-collector.%s.svc" (include "tcewatch.fullname" $context) $context.Release.Namespace -}}
{{- $_ := set $config "collector" (dict "url" (printf "%s://%s:%s" $scheme $host $port)) -}}
{{- end -}}
{{- if or $context.Values.intakeToken.existingSecret $context.Values.intakeToken.create -}}
{{- $token := dict "token" (dict "file" "/etc/tcewatch/secrets/intake/token") -}}
{{- $_ := set $config "collector" (merge (default dict $config.collector) $token) -}}
{{- end -}}
{{- toYaml (mergeOverwrite $config $given) -}}
{{- end }}

{{/* Ports of Kafka, ClickHouse, collector and notifiers, each once, as a list. (CONFIG) */}}
{{- define "tcewatch.remotePorts" -}}
{{- $ports := list -}}
{{- $brokers := dig "kafka" "brokers" list . -}}
{{- if kindIs "string" $brokers -}}{{- $brokers = splitList "," $brokers -}}{{- end -}}
{{- range $brokers -}}
{{- $ports = append $ports (splitList ":" . | last | trim | int) -}}
{{- end -}}
{{- $urls := list (dig "clickhouse" "url" "" .) (dig "collector" "url" "" .) -}}
{{- range dig "notifiers" list . -}}
{{- $urls = concat $urls (list (dig "url" "" .)) (dig "urls" list .) -}}
{{- end -}}
{{- range compact $urls -}}
{{- $url := urlParse . -}}
{{- $named := regexFind ":[0-9]+$" $url.host | trimPrefix ":" -}}
{{- $ports = append $ports (default (ternary "443" "80" (eq $url.scheme "https")) $named | int) -}}
{{- end -}}
{{- toYaml ($ports | uniq) -}}
{{- end }}
