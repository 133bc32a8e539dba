{{/* Secrets that a part mounts, NAME: {secret, items}, as YAML: its own and what the chart's features bring. (list CONTEXT PART) */}}
{{- define "tcewatch.secrets" -}}
{{- $context := index . 0 -}}
{{- $part := index . 1 -}}
{{- $values := $context.Values -}}
{{- $mounts := dict -}}
{{- with $values.intakeToken -}}
{{- if or .existingSecret .create -}}
{{- $secret := default (printf "%s-intake" (include "tcewatch.fullname" $context)) .existingSecret -}}
{{- $_ := set $mounts "intake" (dict "secret" $secret "items" (list (dict "key" .key "path" "token"))) -}}
{{- end -}}
{{- end -}}
{{- with $values.strimzi -}}
{{- if .enabled -}}
{{- $_ := set $mounts "kafka-ca" (dict "secret" (printf "%s-cluster-ca-cert" .cluster)) -}}
{{- $_ := set $mounts "kafka-user" (dict "secret" (printf "%s-%s" (include "tcewatch.fullname" $context) $part)) -}}
{{- end -}}
{{- end -}}
{{- with $values.clickhouseInstallation -}}
{{- if and .enabled (eq $part "collector") -}}
{{- $_ := set $mounts "clickhouse" (dict "secret" .existingSecret "items" (list (dict "key" .key "path" "password"))) -}}
{{- end -}}
{{- end -}}
{{- range $name, $secret := (index $values $part).secrets -}}
{{- $_ := set $mounts $name (dict "secret" $secret) -}}
{{- end -}}
{{- toYaml $mounts -}}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.secretVolumes" -}}
{{- range $name, $mount := include "tcewatch.secrets" . | fromYaml }}
- name: secret-{{ $name }}
  secret:
    secretName: {{ $mount.secret }}
    # 0440
    defaultMode: 288
    {{- with $mount.items }}
    items:
      {{- toYaml . | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.secretMounts" -}}
{{- range $name, $mount := include "tcewatch.secrets" . | fromYaml }}
- name: secret-{{ $name }}
  mountPath: /etc/tcewatch/secrets/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}

{{/* Refuses a configuration that names a file of a Secret that is not mounted. (list CONTEXT PART CONFIG) */}}
{{- define "tcewatch.checkSecrets" -}}
{{- $mounts := include "tcewatch.secrets" . | fromYaml -}}
{{- $part := index . 1 -}}
{{- range regexFindAll "/etc/tcewatch/secrets/[^/\"]+" (toJson (index . 2)) -1 -}}
{{- $name := base . -}}
{{- if not (hasKey $mounts $name) -}}
{{- fail (printf "%s.config names a file below /etc/tcewatch/secrets/%s, which is not mounted: give %s.secrets.%s the name of a Secret" $part $name $part $name) -}}
{{- end -}}
{{- end -}}
{{- end }}
