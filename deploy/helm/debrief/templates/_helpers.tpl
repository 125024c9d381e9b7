{{/* The name of every object, unique for a release. */}}
{{- define "debrief.name" -}}
{{- if contains "debrief" .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-debrief" .Release.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* What selects the pods. It must not change over the life of a release. */}}
{{- define "debrief.selector" -}}
app.kubernetes.io/name: debrief
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "debrief.labels" -}}
{{ include "debrief.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "debrief.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The given configuration over what the chart knows itself. */}}
{{- define "debrief.config" -}}
{{- $given := .Values.config.watch | default dict }}
{{- $archive := $given.archive | default dict }}
{{- $watch := dict "documents" "/var/lib/debrief/postmortems" "listen" ":8080" }}
{{- if not $archive.urlFile }}
{{- $_ := set $watch "archive" (dict "file" "/var/lib/debrief/debrief.db") }}
{{- end }}
{{- with .Values.namespaces }}
{{- $_ := set $watch "namespaces" . }}
{{- end }}
{{- if gt (int .Values.replicas) 1 }}
{{- if not $archive.urlFile }}
{{- fail "replicas: more than one needs an archive in PostgreSQL: set config.watch.archive.urlFile" }}
{{- end }}
{{- if and (not .Values.persistence.existingClaim) (ne .Values.persistence.accessMode "ReadWriteMany") }}
{{- fail "replicas: more than one needs a folder that all of them write: set persistence.accessMode to ReadWriteMany, or persistence.existingClaim" }}
{{- end }}
{{- $_ := set $watch "leaderElection" (dict "namespace" .Release.Namespace "name" (include "debrief.name" .) "record" "all") }}
{{- end }}
{{- mergeOverwrite (dict "watch" $watch) (deepCopy .Values.config) | toYaml }}
{{- end }}
