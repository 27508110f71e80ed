{{- define "agent-sandbox.namespace" -}}
{{ .Values.namespace.name }}
{{- end }}

{{- define "agent-sandbox.selector" -}}
app.kubernetes.io/name: agent-sandbox
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "agent-sandbox.labels" -}}
{{ include "agent-sandbox.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* A flag that is passed only when its key exists: (list .Values.controller "kubeApiQps" "kube-api-qps") */}}
{{- define "agent-sandbox.flag" -}}
{{- $values := index . 0 }}{{ $key := index . 1 }}{{ $flag := index . 2 }}
{{- if hasKey $values $key }}
- --{{ $flag }}={{ index $values $key }}
{{- end }}
{{- end }}
