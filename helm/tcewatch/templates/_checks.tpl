{{/* Refuses values that contradict each other; what the schema can refuse is not here. */}}
{{- define "tcewatch.checks" -}}
{{- $collector := include "tcewatch.collectorConfig" . | fromYaml -}}
{{- with .Values.collector -}}
{{- if .enabled -}}
{{- if and (not .embedded.enabled) (not (dig "clickhouse" "url" "" $collector)) -}}
{{- fail "collector.config.clickhouse.url is needed: give the URL of a ClickHouse server; or set clickhouseInstallation.enabled, or collector.embedded.enabled for a trial" -}}
{{- end -}}
{{- if .embedded.enabled -}}
{{- if dig "clickhouse" "url" "" $collector -}}
{{- fail "collector.embedded.enabled contradicts collector.config.clickhouse.url: give one of the two" -}}
{{- end -}}
{{- if or .autoscaling.enabled (ne (int .replicas) 1) -}}
{{- fail "collector.embedded.enabled needs collector.replicas: 1 and no collector.autoscaling: an embedded ClickHouse has one collector" -}}
{{- end -}}
{{- end -}}
{{- if and .autoscaling.enabled (lt (int .autoscaling.maxReplicas) (int .autoscaling.minReplicas)) -}}
{{- fail "collector.autoscaling.maxReplicas must not be less than collector.autoscaling.minReplicas" -}}
{{- end -}}
{{- if not (dig "intake" "token" "" $collector) -}}
{{- fail "a token for agents is needed: give intakeToken.existingSecret the name of a Secret (or collector.config.intake.token a file); intakeToken.create makes one up for a trial" -}}
{{- end -}}
{{- include "tcewatch.checkSecrets" (list $ "collector" $collector) -}}
{{- end -}}
{{- end -}}
{{- with .Values.intakeToken -}}
{{- if and .create .existingSecret -}}
{{- fail "intakeToken.create contradicts intakeToken.existingSecret: give one of the two" -}}
{{- end -}}
{{- end -}}
{{- with .Values.clickhouseInstallation -}}
{{- if .enabled -}}
{{- if not .existingSecret -}}
{{- fail "clickhouseInstallation.existingSecret is needed: the Secret with the password of the user tcewatch" -}}
{{- end -}}
{{- if and (gt (mul .shards .replicas) 1) (not .keeper) -}}
{{- fail "clickhouseInstallation.keeper is needed for more than one shard or replica: give Keeper's nodes" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* (list CONTEXT POOL CONFIG) */}}
{{- define "tcewatch.checkAgent" -}}
{{- $context := index . 0 -}}
{{- $config := index . 2 -}}
{{- $where := ternary (printf "agent.pools.%s" (index . 1)) "agent" (ne (index . 1) "") -}}
{{- if not $config.transport -}}
{{- fail (printf "%s.config.collector.url or .kafka.brokers is needed, since collector.enabled is false: say where batches go" $where) -}}
{{- end -}}
{{- $stop := include "tcewatch.milliseconds" (default "10s" $config.stopTimeout) | int -}}
{{- if ge $stop (mul 1000 $context.Values.agent.terminationGracePeriodSeconds | int) -}}
{{- fail (printf "agent.terminationGracePeriodSeconds must be more than %s.config.stopTimeout, else the agent is killed while it delivers" $where) -}}
{{- end -}}
{{- include "tcewatch.checkSecrets" (list $context "agent" $config) -}}
{{- end }}
