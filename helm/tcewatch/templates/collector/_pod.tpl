{{/* What all Pods of the collector's image have in common. (list CONTEXT PART) */}}
{{- define "tcewatch.collectorPod" -}}
{{- $ := index . 0 -}}
{{- $collector := $.Values.collector -}}
{{- include "tcewatch.pullSecrets" $ }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $collector.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $collector.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $collector.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: {{ $collector.runAsUser }}
  runAsGroup: {{ $collector.runAsUser }}
  fsGroup: {{ $collector.runAsUser }}
  seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "tcewatch.collectorContainer" -}}
image: {{ include "tcewatch.image" (list . .Values.collector.image) }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- end }}

{{- define "tcewatch.collectorEnv" -}}
{{- with .Values.collector.env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "tcewatch.collectorMounts" -}}
- { name: config, mountPath: /etc/tcewatch/config, readOnly: true }
- { name: tmp, mountPath: /tmp }
{{- include "tcewatch.secretMounts" (list . "collector") }}
{{- with .Values.collector.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (list CONTEXT PART) */}}
{{- define "tcewatch.collectorVolumes" -}}
{{- $ := index . 0 -}}
- name: config
  configMap:
    name: {{ include "tcewatch.fullname" $ }}-{{ index . 1 }}
- name: tmp
  emptyDir: {}
{{- include "tcewatch.secretVolumes" (list $ "collector") }}
{{- with $.Values.collector.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
