{{/* (list CONTEXT PART {ports: it listens on, from: peers, remote: ports that it connects to}) */}}
{{- define "tcewatch.networkPolicy" -}}
{{- $ := index . 0 -}}
{{- $rules := index . 2 -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "tcewatch.metadata" (list $ (index . 1)) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "tcewatch.selector" (list $ (index . 1)) | nindent 6 }}
  policyTypes: [Ingress, Egress]
  {{- if and $rules.ports $rules.from }}
  ingress:
    - from:
        {{- toYaml $rules.from | nindent 8 }}
      ports:
        {{- range $rules.ports }}
        - port: {{ . }}
        {{- end }}
  {{- end }}
  egress:
    - ports:
        - { port: 53, protocol: UDP }
        - { port: 53, protocol: TCP }
    {{- with $rules.remote }}
    - ports:
        {{- range . }}
        - port: {{ . }}
        {{- end }}
      {{- with $.Values.networkPolicy.to }}
      to:
        {{- toYaml . | nindent 8 }}
        - podSelector:
            matchLabels:
              {{- include "tcewatch.selector" (list $ "collector") | nindent 14 }}
      {{- end }}
    {{- end }}
    {{- with $.Values.networkPolicy.extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
