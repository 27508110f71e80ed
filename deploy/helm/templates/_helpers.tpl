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
