{{- define "tcewatch.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Names of resources begin with it; room is left for what follows. */}}
{{- define "tcewatch.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $both := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{ default $both .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.selector" -}}
app.kubernetes.io/name: {{ include "tcewatch.name" (index . 0) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.labels" -}}
{{- $context := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $context.Chart.Name $context.Chart.Version | replace "+" "_" | trunc 63 }}
{{ include "tcewatch.selector" . }}
app.kubernetes.io/version: {{ $context.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $context.Release.Service }}
app.kubernetes.io/part-of: tcewatch
{{- with $context.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of Pods: none that changes with the chart's version, lest all are made anew. (list CONTEXT PART GIVEN) */}}
{{- define "tcewatch.podLabels" -}}
{{ include "tcewatch.selector" . }}
{{- range list (index . 0).Values.commonLabels (index . 2) }}
{{- with . }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.metadata" -}}
{{- $context := index . 0 -}}
name: {{ include "tcewatch.fullname" $context }}-{{ index . 1 }}
namespace: {{ $context.Release.Namespace }}
labels:
  {{- include "tcewatch.labels" . | nindent 2 }}
{{- end }}

{{/* (list CONTEXT IMAGE) */}}
{{- define "tcewatch.image" -}}
{{- $context := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $context.Values.image.registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $context.Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{/* (list CONTEXT PART VALUES-OF-THE-PART) */}}
{{- define "tcewatch.serviceAccount" -}}
{{- $account := (index . 2).serviceAccount -}}
{{- if $account.create -}}
{{ default (printf "%s-%s" (include "tcewatch.fullname" (index . 0)) (index . 1)) $account.name }}
{{- else -}}
{{ default "default" $account.name }}
{{- end }}
{{- end }}

{{- define "tcewatch.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* (list CONTEXT CONFIG PORT): how Prometheus without its operator finds a Pod. */}}
{{- define "tcewatch.scrape" -}}
{{- if (index . 0).Values.prometheus.annotations -}}
prometheus.io/scrape: "true"
prometheus.io/port: {{ index . 2 | quote }}
prometheus.io/path: /metrics
prometheus.io/scheme: {{ include "tcewatch.scheme" (index . 1) | lower }}
{{- end }}
{{- end }}

{{/* HTTP or HTTPS, by a configuration with `listen`. */}}
{{- define "tcewatch.scheme" -}}
{{- ternary "HTTPS" "HTTP" (not (empty (dig "listen" "tls" "cert" "" .))) -}}
{{- end }}

{{/* (list PATH SCHEME) */}}
{{- define "tcewatch.probe" -}}
httpGet:
  path: {{ index . 0 }}
  port: http
  scheme: {{ index . 1 }}
{{- end }}

{{/* Milliseconds of a duration such as 90s or 7d. */}}
{{- define "tcewatch.milliseconds" -}}
{{- $units := dict "ms" 1 "s" 1000 "m" 60000 "h" 3600000 "d" 86400000 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-z]+$" .) | float64) | int64 -}}
{{- end }}

{{/* Bytes of a size such as 64KiB. */}}
{{- define "tcewatch.bytes" -}}
{{- $units := dict "B" 1 "KiB" 1024 "MiB" 1048576 "GiB" 1073741824 -}}
{{- mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[A-Za-z]+$" .) | float64) | int64 -}}
{{- end }}
