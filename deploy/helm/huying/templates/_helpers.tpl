{{/* The name of this release's objects. */}}
{{- define "huying.fullname" -}}
{{- if contains "huying" .Release.Name -}}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else -}}{{ printf "%s-huying" .Release.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end -}}

{{/* Labels by which objects of this release are found; of one process, with `process`. */}}
{{- define "huying.selector" -}}
app.kubernetes.io/name: huying
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .process }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "huying.labels" -}}
{{ include "huying.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "huying.image" -}}
{{- if .Values.image.digest -}}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{- end -}}
{{- end -}}

{{- define "huying.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (include "huying.fullname" .) }}
{{- end -}}

{{/* Every process that is enabled, with what the product says of it and what holds for its kind, as JSON. */}}
{{- define "huying.processes" -}}
{{- $product := .Files.Get "files/product.yaml" | fromYaml -}}
{{- $found := dict -}}
{{- range $name, $given := .Values.processes -}}
{{- if not (hasKey $product.processes $name) -}}
{{- fail (printf "processes.%s: there is no such process; one of: %s" $name (keys $product.processes | sortAlpha | join ", ")) -}}
{{- end -}}
{{- $known := index $product.processes $name -}}
{{- if $given.enabled -}}
{{- $_ := set $found $name (mergeOverwrite (deepCopy (index $.Values.kinds $known.kind)) $known (deepCopy $given)) -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* The process that answers for a service: its own API, else the gateway. `any` and what has no API: whoever runs. */}}
{{- define "huying.answering" -}}
{{- $processes := include "huying.processes" .root | fromJson -}}
{{- $own := printf "%s-api" .service -}}
{{- if eq .service "any" -}}{{- $own = ternary "gateway" "intake-api" (hasKey $processes "gateway") -}}{{- end -}}
{{- if hasKey $processes $own -}}{{ $own }}
{{- else if hasKey $processes "gateway" -}}gateway
{{- else -}}{{ fail (printf "nobody would answer for %s: enable processes.gateway or processes.%s" .service $own) }}{{- end -}}
{{- end -}}

{{/* Where citizens reach the pages. */}}
{{- define "huying.publicUrl" -}}
{{- if .Values.publicUrl -}}{{ .Values.publicUrl }}
{{- else if .Values.ingress.enabled -}}https://{{ first .Values.ingress.hosts }}
{{- else if .Values.httpRoute.enabled -}}https://{{ first .Values.httpRoute.hostnames }}
{{- else -}}{{ fail "publicUrl is missing: it stands in every message; give it, or enable ingress or httpRoute" }}{{- end -}}
{{- end -}}

{{/* The claim with the attachments, if there is one. */}}
{{- define "huying.attachmentsClaim" -}}
{{- if .Values.attachments.existingClaim -}}{{ .Values.attachments.existingClaim }}
{{- else if .Values.attachments.size -}}{{ include "huying.fullname" . }}-attachments{{- end -}}
{{- end -}}

{{/* Which settings a process reads, as JSON: a dict of their names. */}}
{{- define "huying.read" -}}
{{- $product := .root.Files.Get "files/product.yaml" | fromYaml -}}
{{- $read := dict -}}
{{- range $variable, $readers := $product.settings -}}
{{- if has $.process $readers -}}{{- $_ := set $read $variable true -}}{{- end -}}
{{- end -}}
{{- $read | toJson -}}
{{- end -}}
