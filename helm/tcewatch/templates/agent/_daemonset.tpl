{{/* Agents of a pool; the pool "" is all other nodes. (list CONTEXT POOL CONFIG-TEXT RESOURCES) */}}
{{- define "tcewatch.agentDaemonSet" -}}
{{- $ := index . 0 -}}
{{- $pool := index . 1 -}}
{{- $agent := $.Values.agent -}}
{{- $part := printf "agent-%s" $pool | trimSuffix "-" -}}
{{- $text := index . 2 -}}
{{- $config := fromYaml $text -}}
{{- $port := include "tcewatch.port" (list $config 9914) -}}
{{- $scheme := include "tcewatch.scheme" $config -}}
{{- $stateDirectory := dig "state" "directory" "/run/tcewatch" $config -}}
{{- $outboxDirectory := dig "outbox" "directory" "/var/lib/tcewatch/outbox" $config -}}
apiVersion: apps/v1
kind: DaemonSet
metadata:
  {{- include "tcewatch.metadata" (list $ $part) | nindent 2 }}
spec:
  selector:
    matchLabels:
      {{- include "tcewatch.selector" (list $ "agent") | nindent 6 }}
      tcewatch.io/pool: {{ $pool | quote }}
  updateStrategy:
    {{- toYaml $agent.updateStrategy | nindent 4 }}
  template:
    metadata:
      labels:
        {{- include "tcewatch.podLabels" (list $ "agent" $agent.podLabels) | nindent 8 }}
        tcewatch.io/pool: {{ $pool | quote }}
      annotations:
        checksum/config: {{ sha256sum $text }}
        {{- with include "tcewatch.scrape" (list $ $config $port) }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $agent.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "tcewatch.pullSecrets" $ | nindent 6 }}
      serviceAccountName: {{ include "tcewatch.serviceAccount" (list $ "agent" $agent) }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      # The kernel's events bear the host's thread ids.
      hostPID: true
      priorityClassName: {{ include "tcewatch.agentPriorityClass" $ | quote }}
      terminationGracePeriodSeconds: {{ $agent.terminationGracePeriodSeconds }}
      {{- with $agent.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with include "tcewatch.agentAffinity" (list $ $pool) }}
      affinity:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with $agent.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        # tracefs and debugfs belong to root; the capabilities below are all that it keeps.
        runAsUser: 0
        runAsGroup: 0
        seccompProfile:
          {{- toYaml $agent.seccompProfile | nindent 10 }}
        {{- with $agent.appArmorProfile }}
        appArmorProfile:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        {{- with $agent.seLinuxOptions }}
        seLinuxOptions:
          {{- toYaml . | nindent 10 }}
        {{- end }}
      containers:
        - name: agent
          image: {{ include "tcewatch.image" (list $ $agent.image) }}
          imagePullPolicy: {{ $.Values.image.pullPolicy }}
          args: [run, --config, /etc/tcewatch/config/agent.yaml]
          env:
            {{- if not (dig "host" "name" "" $config) }}
            # In a container the kernel's name is the Pod's.
            - name: TCEWATCH_AGENT_HOST_NAME
              valueFrom:
                fieldRef:
                  fieldPath: spec.nodeName
            {{- end }}
            {{- with $agent.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - name: http
              containerPort: {{ $port }}
          livenessProbe:
            {{- include "tcewatch.probe" (list "/healthz" $scheme) | nindent 12 }}
            periodSeconds: 20
            timeoutSeconds: 5
          readinessProbe:
            {{- include "tcewatch.probe" (list "/readyz" $scheme) | nindent 12 }}
            timeoutSeconds: 5
          startupProbe:
            {{- include "tcewatch.probe" (list "/healthz" $scheme) | nindent 12 }}
            periodSeconds: 5
            failureThreshold: 24
          resources:
            {{- toYaml (index . 3) | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
              add: [DAC_READ_SEARCH, SYS_PTRACE]
          volumeMounts:
            - { name: config, mountPath: /etc/tcewatch/config, readOnly: true }
            {{- include "tcewatch.secretMounts" (list $ "agent") | nindent 12 }}
            - { name: tracing, mountPath: /sys/kernel/tracing }
            - { name: debug, mountPath: /sys/kernel/debug, readOnly: true }
            - { name: machine-id, mountPath: /etc/machine-id, readOnly: true }
            - { name: state, mountPath: {{ $stateDirectory }} }
            - { name: outbox, mountPath: {{ $outboxDirectory }} }
            {{- with $agent.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: config
          configMap:
            name: {{ include "tcewatch.fullname" $ }}-{{ $part }}
        {{- include "tcewatch.secretVolumes" (list $ "agent") | nindent 8 }}
        - { name: tracing, hostPath: { path: /sys/kernel/tracing, type: Directory } }
        - { name: debug, hostPath: { path: /sys/kernel/debug, type: Directory } }
        - { name: machine-id, hostPath: { path: {{ $agent.hostPaths.machineId }}, type: File } }
        - { name: state, hostPath: { path: {{ $agent.hostPaths.state }}, type: DirectoryOrCreate } }
        - { name: outbox, hostPath: { path: {{ $agent.hostPaths.outbox }}, type: DirectoryOrCreate } }
        {{- with $agent.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end }}

{{- define "tcewatch.agentPriorityClass" -}}
{{- $made := printf "%s-%s-agent" .Release.Namespace (include "tcewatch.fullname" .) -}}
{{ default (ternary $made "" .Values.agent.priorityClass.create) .Values.agent.priorityClassName }}
{{- end }}

{{/* Keeps the pools apart, beside what was given: two agents on a node would count the same calls. (list CONTEXT POOL) */}}
{{- define "tcewatch.agentAffinity" -}}
{{- $agent := (index . 0).Values.agent -}}
{{- $affinity := deepCopy $agent.affinity -}}
{{- if $agent.pools -}}
{{- $operator := ternary "NotIn" "In" (eq (index . 1) "") -}}
{{- $names := ternary (keys $agent.pools | sortAlpha) (list (index . 1)) (eq (index . 1) "") -}}
{{- $apart := dict "key" $agent.poolLabel "operator" $operator "values" $names -}}
{{- $path := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $terms := dig "nodeAffinity" $path "nodeSelectorTerms" (list dict) $affinity -}}
{{- $all := list -}}
{{- range $terms -}}
{{- $all = append $all (set (deepCopy .) "matchExpressions" (append (default list .matchExpressions) $apart)) -}}
{{- end -}}
{{- $required := dict $path (dict "nodeSelectorTerms" $all) -}}
{{- $affinity = mergeOverwrite $affinity (dict "nodeAffinity" $required) -}}
{{- end -}}
{{- with $affinity -}}{{ toYaml . }}{{- end -}}
{{- end }}
