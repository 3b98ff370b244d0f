{{- define "netcup-failover-controller.name" -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/*
`helm upgrade --reuse-values` from the Go controller's chart brings that chart's values in place of ours: what it does not know is
absent but for what is set anew, and its image and limits were never chosen for this controller. Called first in each template that
needs values.
*/}}
{{- define "netcup-failover-controller.defaults" -}}
{{- if not (and (hasKey .Values "settings") (hasKey .Values "networkPolicy") (hasKey .Values "podDisruptionBudget") (hasKey .Values "dashboard")) }}
{{- $defaults := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- /* What that chart has too was chosen as it is, be it nothing. */}}
{{- range $key, $value := omit $defaults "image" "nodeSelector" "tolerations" "affinity" "podAnnotations" "resources" }}
{{- if not (hasKey $.Values $key) }}
{{- $_ := set $.Values $key $value }}
{{- else if and (kindIs "map" $value) (kindIs "map" (get $.Values $key)) }}
{{- $_ := set $.Values $key (mergeOverwrite (deepCopy $value) (get $.Values $key)) }}
{{- end }}
{{- end }}
{{- $theirs := dict "limits" (dict "cpu" "100m" "memory" "64Mi") "requests" (dict "cpu" "10m" "memory" "32Mi") }}
{{- if eq (toJson .Values.resources) (toJson $theirs) }}
{{- $_ := set .Values "resources" $defaults.resources }}
{{- end }}
{{- end }}
{{- if eq (.Values.image.repository | default "") "ghcr.io/digilolnet/netcup-failover-controller" }}
{{- $own := .Files.Get "files/defaults.yaml" | fromYaml }}
{{- $_ := set .Values "image" (dict "repository" $own.image.repository "pullPolicy" .Values.image.pullPolicy "replaced" true) }}
{{- end }}
{{- end }}

{{- define "netcup-failover-controller.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion }}
{{- with .Values.image.digest }}
{{- printf "%s:%s@%s" $.Values.image.repository $tag . }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository $tag }}
{{- end }}
{{- end }}

{{/* A Deployment's selector cannot change: these two are the Go controller's chart's too. */}}
{{- define "netcup-failover-controller.selectorLabels" -}}
app.kubernetes.io/name: netcup-failover-controller
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "netcup-failover-controller.labels" -}}
{{ include "netcup-failover-controller.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "netcup-failover-controller.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "netcup-failover-controller.name" .) }}
{{- end }}

{{/* The namespaces whose Secrets may be read, as {"names": […]}. */}}
{{- define "netcup-failover-controller.secretNamespaces" -}}
{{- dict "names" (.Values.secretNamespaces | default (list .Values.namespace) | uniq | sortAlpha) | toYaml }}
{{- end }}
